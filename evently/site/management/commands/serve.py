"""`manage.py serve`: the web server."""

from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandParser

DRAIN_SECONDS = 10


class Command(BaseCommand):
    help = "Serve Evently: pages, API, admin and websockets in one program."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        uvicorn.run(
            "evently.asgi:application",
            host=options["host"],
            port=options["port"],
            lifespan="off",
            access_log=False,
            log_level="info",
            # Requests under way are answered before the program ends.
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
