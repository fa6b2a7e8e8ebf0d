"""`manage.py load_demo`: organisers, events and bookings to look at."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from evently import env
from evently.demo.loading import find_load, has_real_events, load_demo
from evently.demo.people import ADMIN, ORGANISER, VISITOR

PASSWORD = "EVENTLY_ADMIN_PASSWORD"  # noqa: S105 - the variable's name
REFUSAL = "There are events here that are not the demo's"


class Command(BaseCommand):
    help = (
        "Load a demo once: eight organisers, sixty events, thousands of bookings. Its three log-ins"
        f" get the password from {PASSWORD}, or a random one that is printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--force", action="store_true", help="load it beside events that are there already"
        )
        parser.add_argument(
            "--if-empty",
            action="store_true",
            help="when there are events already, say so and succeed",
        )

    def handle(self, *, force: bool, if_empty: bool, **_: Any) -> None:
        loaded = find_load()
        if loaded:
            self.stdout.write(f"The demo was loaded on {loaded}; nothing is changed.")
        elif force or not has_real_events():
            self._load()
        elif if_empty:
            self.stdout.write(f"{REFUSAL}; no demo is loaded.")
        else:
            raise CommandError(f"{REFUSAL}. Use --force to load it beside them.")

    def _load(self) -> None:
        given = env.text(PASSWORD)
        password = given or secrets.token_urlsafe(12)
        report = load_demo(password=password, now=timezone.now())
        self.stdout.write(
            f"Loaded {report.organisers} organisers, {report.events} events and"
            f" {report.bookings} bookings. Log in as\n"
            f"  {ADMIN}      sees everything\n"
            f"  {ORGANISER}  owns Lantern Hall, looks on at Tidewater Stage\n"
            f"  {VISITOR}    books\n"
            + (f"with the password of {PASSWORD}." if given else f"with the password {password}")
        )
