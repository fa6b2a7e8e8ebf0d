"""`manage.py serve`: the web server."""

import signal
import sys
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandParser

DRAIN_SECONDS = 10
# Clients only listen; what they may say is an access token.
LARGEST_MESSAGE_BYTES = 65_536


class Command(BaseCommand):
    help = "Serve Evently: pages, API, admin and websockets in one program."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        # The server, once drained, raises the signal again that stopped it. Leave in good order
        # then, so that the last live news goes out.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        uvicorn.run(
            "evently.asgi:application",
            host=options["host"],
            port=options["port"],
            lifespan="off",
            access_log=False,
            log_level="info",
            ws_max_size=LARGEST_MESSAGE_BYTES,
            # Requests under way are answered before the program ends.
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
