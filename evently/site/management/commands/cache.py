"""`manage.py cache`: what the caches hold, and emptying them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from evently import caching


class Command(BaseCommand):
    help = "Show what the caches hold, or empty one or all of them. Nothing is lost by that."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("stats", help="what each layer holds")
        flush = actions.add_parser("flush", help="empty one layer, or all")
        flush.add_argument("--layer", choices=caching.LAYERS)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "stats":
            self._show()
            return
        for name in [options["layer"]] if options["layer"] else caching.LAYERS:
            self.stdout.write(f"{name}: {caching.LAYERS[name].flush()}")

    def _show(self) -> None:
        for name, layer in caching.LAYERS.items():
            state = layer.stats() if layer.is_on() else "off"
            self.stdout.write(f"{name}: {state}")
