"""`manage.py serve`: the web server."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evently.server import serve
from evently.server.connections import Limits


class Command(BaseCommand):
    help = "Serve Evently: pages, API, admin and websockets in one program."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--fd",
            type=int,
            help="a listening socket that whoever starts this program keeps open; host and port"
            " are only names then",
        )
        parser.add_argument(
            "--workers",
            type=int,
            default=settings.WEB_WORKERS,
            help="server processes (default: WEB_WORKERS, %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["workers"] < 1:
            raise CommandError("--workers must be 1 or more.")
        self.stdout.write(f"Evently listens on http://{options['host']}:{options['port']}/")
        limits = Limits(trusted=tuple(settings.TRUSTED_PROXIES))
        if not settings.RATE_LIMITS:
            limits = replace(limits, per_address=None)
        try:
            serve(
                "evently.asgi:application",
                host=options["host"],
                port=options["port"],
                workers=options["workers"],
                fd=options["fd"],
                limits=limits,
            )
        except OSError as error:
            raise CommandError(
                f"Evently cannot listen on port {options['port']} of {options['host']}"
                f" ({error.strerror}). Choose another with --host and --port."
            ) from error
