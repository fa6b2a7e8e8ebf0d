"""Listening to a person's websocket, in a test's own process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from evently.accounts.models import User
from evently.site.sockets import NoForeignPages
from notifications.routing import websocket_urlpatterns
from tests.events.live.sockets import in_thread
from tests.promises import PATIENCE_SECONDS


def make_session(user: User) -> str:
    """The key of a session in which this person is logged in."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def knock(
    session: str = "", origin: bytes = b"http://localhost", authorization: str = ""
) -> WebsocketCommunicator:
    """A socket that is not open yet."""
    cookie = f"{settings.SESSION_COOKIE_NAME}={session}".encode()
    headers = [
        (b"host", b"localhost"),
        (b"origin", origin),
        *([(b"cookie", cookie)] if session else []),
        *([(b"authorization", authorization.encode())] if authorization else []),
    ]
    application = NoForeignPages(URLRouter(websocket_urlpatterns))
    return WebsocketCommunicator(application, "/ws/me/", headers=headers)


@asynccontextmanager
async def opened(session: str = "", **more: Any) -> AsyncIterator[WebsocketCommunicator]:
    """An open socket, as one of the site's own pages opens it; `more` as in `knock`."""
    socket = knock(session, **more)
    accepted, _ = await socket.connect(timeout=PATIENCE_SECONDS)
    assert accepted
    try:
        yield socket
    finally:
        await socket.disconnect()


@asynccontextmanager
async def page_of(user: User) -> AsyncIterator[WebsocketCommunicator]:
    """The socket of an open page of this person, after its greeting."""
    async with opened(await in_thread(make_session)(user)) as socket:
        yield socket


async def goodbye(socket: WebsocketCommunicator) -> int:
    """The code with which the server closes the socket."""
    while True:
        message: dict[str, Any] = await socket.receive_output(timeout=PATIENCE_SECONDS)
        if message["type"] == "websocket.close":
            return int(message["code"])
