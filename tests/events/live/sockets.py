"""Listening to the websockets of events, in a test's own process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django_redis import get_redis_connection

from evently.site.sockets import NoForeignPages
from events.facts import EventStateChanged
from events.models import Event
from events.routing import websocket_urlpatterns
from tests.promises import PATIENCE_SECONDS

in_thread = database_sync_to_async


def application() -> Any:
    return NoForeignPages(URLRouter(websocket_urlpatterns))


@asynccontextmanager
async def opened(path: str) -> AsyncIterator[WebsocketCommunicator]:
    """A socket as one of the site's own pages opens it."""
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    socket = WebsocketCommunicator(application(), path, headers=headers)
    accepted, _ = await socket.connect(timeout=PATIENCE_SECONDS)
    assert accepted
    try:
        yield socket
    finally:
        await socket.disconnect()


def looking_at(event_id: UUID) -> AbstractAsyncContextManager[WebsocketCommunicator]:
    """The socket of an event's page."""
    return opened(f"/ws/events/{event_id}/")


def looking_at_all(*event_ids: UUID) -> AbstractAsyncContextManager[WebsocketCommunicator]:
    """The socket of a catalogue with these events."""
    return opened("/ws/events/?ids=" + ",".join(map(str, event_ids)))


async def hear(socket: WebsocketCommunicator, kind: str = "seats") -> dict[str, Any]:
    """The next message of this kind."""
    while True:
        message: dict[str, Any] = await socket.receive_json_from(timeout=PATIENCE_SECONDS)
        if message["type"] == kind:
            return message


async def hear_until(
    socket: WebsocketCommunicator, kind: str, **wanted: Any
) -> list[dict[str, Any]]:
    """Messages of this kind up to the one that has the wanted members."""
    heard = [await hear(socket, kind)]
    while not wanted.items() <= heard[-1].items():
        heard.append(await hear(socket, kind))
    return heard


def state_of(event: Event, **changes: Any) -> EventStateChanged:
    return replace(EventStateChanged.of(event), **changes)


def subscribers(*channels: str) -> list[int]:
    """How many connections hear each channel, by Redis itself."""
    return [number for _, number in get_redis_connection().pubsub_numsub(*channels)]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110  others have no event to wait for
            await asyncio.sleep(0.02)
