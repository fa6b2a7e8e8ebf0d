"""Websocket addresses of events."""

from typing import Any

websocket_urlpatterns: list[Any] = []
