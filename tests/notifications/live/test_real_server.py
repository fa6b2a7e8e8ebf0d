"""A freed seat on its way to an open page: a whole server, another process, a real websocket."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import websockets

from tests.browser.server import running_server
from tests.browser.sessions import PLAIN_NAME
from tests.events.live.sockets import in_thread
from tests.makers import make_user
from tests.notifications.live.sockets import make_session
from tests.promises import within
from tests.waitlist.people import cancel_one, make_entry, make_full_event

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def server() -> Iterator[str]:
    with running_server() as host:
        yield host


async def hear(socket: Any, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 30))
        if message["type"] == kind:
            return message


async def test_a_freed_seat_is_offered_on_a_real_page_within_a_second(server: str) -> None:
    event, user = await in_thread(make_full_event)(capacity=5), await in_thread(make_user)()
    await in_thread(make_entry)(event, user)
    session = await in_thread(make_session)(user)
    cookie = {"Cookie": f"{PLAIN_NAME}={session}"}
    async with websockets.connect(
        f"ws://{server}/ws/me/",
        origin=f"http://{server}",  # type: ignore[arg-type]
        additional_headers=cookie,
    ) as socket:
        await hear(socket, "position")
        with within(1):
            await in_thread(cancel_one)(event)
            offer = await hear(socket, "offer")
        assert offer["event_id"] == str(event.pk)


def post(address: str, body: dict[str, str]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.loads(answer.read() or b"{}"))


async def test_a_program_hears_with_the_token_of_the_api(server: str) -> None:
    auth = f"http://{server}/api/v1/auth"
    ada = {"email": "ada@example.com", "password": "correct horse battery 9"}
    tokens = await asyncio.to_thread(post, f"{auth}/register", ada)
    me = f"ws://{server}/ws/me/"
    bearer = {"Authorization": f"Bearer {tokens['access']}"}
    async with websockets.connect(me, additional_headers=bearer) as socket:
        assert (await hear(socket, "unread"))["count"] == 0
    await asyncio.to_thread(post, f"{auth}/logout", {"refresh": tokens["refresh"]})
    async with websockets.connect(me, additional_headers=bearer) as socket:
        with pytest.raises(websockets.ConnectionClosed):
            await hear(socket, "unread")
        assert socket.close_code == 4401
