"""`manage.py prove_no_oversell`: try hard to sell a seat twice, and count."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from bookings.proof.proving import Options, prove
from bookings.proof.report import describe


class Command(BaseCommand):
    help = (
        "Let a crowd of processes book the seats of a scratch event at once, recount the rows, and"
        " say PASS or FAIL. The scratch rows are removed afterwards."
    )
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--buyers", type=int, default=500, help="people who want a seat each")
        parser.add_argument("--seats", type=int, default=100, help="seats of the event")
        parser.add_argument("--processes", type=int, default=4, help="processes that ask at once")
        parser.add_argument(
            "--seconds",
            type=float,
            help="go on booking and cancelling for so long; otherwise each buyer tries once",
        )
        parser.add_argument(
            "--url",
            action="append",
            dest="urls",
            default=[],
            help="ask the server that runs there, such as http://127.0.0.1:8000 (it must have this"
            " database and SECRET_KEY); may be given several times; otherwise the service is called"
            " directly",
        )
        parser.add_argument(
            "--outages",
            action="store_true",
            help="servers may fail meanwhile: lost answers are no fault, broken promises are",
        )
        parser.add_argument("--keep", action="store_true", help="leave the scratch rows behind")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = {name: options[name] for name in Options.__slots__}
        for name in ("buyers", "seats", "processes"):
            if asked[name] < 1:
                raise CommandError(f"--{name} must be 1 or more.")
        asked["urls"] = tuple(options["urls"])
        verdict = prove(Options(**asked), now=timezone.now())
        for line in describe(verdict):
            self.stdout.write(line)
        if not verdict.holds:
            raise SystemExit(1)
