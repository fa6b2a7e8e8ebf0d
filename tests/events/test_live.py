"""Live news of events: the websocket, what feeds it, and what happens without Redis."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import websockets
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.db import connection, connections, transaction
from django_redis import get_redis_connection
from pytest_django import Settings

from bookings.services import cancel_booking
from evently.dev.redis import Redis
from evently.facts import publish
from evently.site.sockets import NoForeignPages
from events import live
from events.consumers import SeatsConsumer
from events.facts import EventStateChanged
from events.models import Event
from events.routing import websocket_urlpatterns
from events.services import edit_event
from tests.browser.server import process_environment, running_server
from tests.makers import NOW, make_booking, make_event, make_organiser, make_user

pytestmark = [pytest.mark.django_db(transaction=True)]

in_thread = database_sync_to_async


@pytest.fixture(autouse=True)
def _fresh_announcer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has its own background thread, and leaves no database connection behind."""
    monkeypatch.setattr(live, "VIEWERS_EVERY_SECONDS", 0.05)
    yield
    live.announcer.close()


@pytest.fixture(autouse=True)
async def _no_connection_is_left() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


def application() -> Any:
    return NoForeignPages(URLRouter(websocket_urlpatterns))


@asynccontextmanager
async def looking_at(
    event_id: UUID, origin: str = "http://localhost"
) -> AsyncIterator[WebsocketCommunicator]:
    headers = [(b"origin", origin.encode())]
    socket = WebsocketCommunicator(application(), f"/ws/events/{event_id}/", headers=headers)
    accepted, _ = await socket.connect(timeout=5)
    assert accepted
    try:
        yield socket
    finally:
        await socket.disconnect()


async def hear(socket: WebsocketCommunicator, kind: str = "seats") -> dict[str, Any]:
    """The next message of this kind."""
    while True:
        message: dict[str, Any] = await socket.receive_json_from(timeout=5)
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


async def test_a_snapshot_comes_on_connect() -> None:
    event = await in_thread(make_event)(capacity=100, available_seats=37)
    async with looking_at(event.pk) as socket:
        assert await hear(socket) == {
            "type": "seats",
            "event_id": str(event.pk),
            "available_seats": 37,
            "capacity": 100,
            "price": "20.00",
            "status": "published",
            "version": 1,
        }


async def test_a_booking_is_told_to_everybody_who_looks() -> None:
    event = await in_thread(make_event)(capacity=10)
    async with looking_at(event.pk) as one, looking_at(event.pk) as other:
        await in_thread(make_booking)(event, quantity=3)
        for socket in (one, other):
            heard = await hear_until(socket, "seats", available_seats=7)
            assert heard[-1]["version"] == 2


async def test_other_events_are_not_told() -> None:
    event = await in_thread(make_event)()
    other = await in_thread(make_event)()
    async with looking_at(event.pk) as socket:
        await hear(socket)
        await in_thread(make_booking)(other)
        await in_thread(make_booking)(event)
        assert (await hear(socket))["event_id"] == str(event.pk)


async def test_a_new_price_and_a_cancelled_booking_are_told() -> None:
    owner = await in_thread(make_user)()
    event = await in_thread(make_event)(await in_thread(make_organiser)(owner), capacity=10)
    async with looking_at(event.pk) as socket:
        booking = await in_thread(make_booking)(event, quantity=2)
        await hear_until(socket, "seats", available_seats=8)
        await in_thread(cancel_booking)(reference=booking.reference, by=owner, now=event.created_at)
        await hear_until(socket, "seats", available_seats=10)
        fresh = await in_thread(Event.objects.get)(pk=event.pk)
        await in_thread(edit_event)(
            event_id=event.pk,
            by=owner,
            changes={"price": 25},
            expected_version=fresh.version,
            now=NOW,
        )
        await hear_until(socket, "seats", price="25.00")


async def test_a_rush_is_thinned_out_and_its_last_state_arrives() -> None:
    event = await in_thread(make_event)(capacity=1000)
    async with looking_at(event.pk) as socket:
        began = time.monotonic()
        for taken in range(1, 501):
            live.announcer.announce(
                state_of(event, available_seats=1000 - taken, version=1 + taken)
            )
            await asyncio.sleep(0.001)
        heard = await hear_until(socket, "seats", available_seats=500)
        tenths = (time.monotonic() - began) / 0.1
    assert 2 <= len(heard) <= tenths + 2
    versions = [message["version"] for message in heard]
    assert versions == sorted(set(versions))


async def test_stale_news_is_dropped() -> None:
    event = await in_thread(make_event)(version=9)
    layer, group = get_channel_layer(), live.group_of(event.pk)

    async def say(version: int) -> None:
        message = live.seats_message(state_of(event, version=version))
        await layer.group_send(group, {"type": "seats.changed", "message": message})

    async with looking_at(event.pk) as socket:
        await hear(socket)
        await hear(socket, "presence")
        await say(10)
        assert (await hear(socket))["version"] == 10
        await say(8)
        assert await socket.receive_nothing(timeout=0.3)
        await say(11)
        assert (await hear(socket))["version"] == 11


async def test_nothing_is_told_of_a_change_that_was_rolled_back() -> None:
    event = await in_thread(make_event)()

    def roll_back() -> None:
        with transaction.atomic():
            publish(state_of(event, version=5))
            transaction.set_rollback(True)

    async with looking_at(event.pk) as socket:
        await hear(socket)
        await hear(socket, "presence")
        await in_thread(roll_back)()
        assert await socket.receive_nothing(timeout=0.3)


@pytest.mark.parametrize("status", ["draft", None])
async def test_an_event_that_is_not_public_is_closed_with_4404(status: str | None) -> None:
    event_id = uuid4()
    if status:
        event_id = (await in_thread(make_event)(status=status)).pk
    async with looking_at(event_id) as socket:
        assert await socket.receive_output(timeout=5) == {"type": "websocket.close", "code": 4404}


async def test_an_unknown_address_is_refused() -> None:
    communicator = WebsocketCommunicator(application(), "/ws/nowhere/")
    connected, _ = await communicator.connect()
    assert not connected


async def test_a_program_names_no_origin_and_is_served() -> None:
    event = await in_thread(make_event)()
    communicator = WebsocketCommunicator(application(), f"/ws/events/{event.pk}/")
    connected, _ = await communicator.connect()
    assert connected
    await communicator.disconnect()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_a_foreign_page_is_refused(origin: str) -> None:
    event = await in_thread(make_event)()
    socket = WebsocketCommunicator(
        application(), f"/ws/events/{event.pk}/", headers=[(b"origin", origin.encode())]
    )
    accepted, _ = await socket.connect(timeout=5)
    assert not accepted
    await socket.wait(timeout=1)  # and nothing goes on listening


async def test_what_a_visitor_sends_is_ignored() -> None:
    event = await in_thread(make_event)()
    async with looking_at(event.pk) as socket:
        await socket.send_to(text_data="not json")
        await socket.send_to(bytes_data=b"\x00")
        assert (await hear(socket))["version"] == 1


async def test_viewers_are_counted_as_they_come_and_go() -> None:
    event = await in_thread(make_event)()
    async with looking_at(event.pk) as one:
        await hear_until(one, "presence", viewers=1)
        async with looking_at(event.pk):
            await hear_until(one, "presence", viewers=2)
        await hear_until(one, "presence", viewers=1)


async def test_viewers_of_other_processes_count_until_they_fall_silent() -> None:
    event = await in_thread(make_event)()
    now = int(time.time())
    key = f"evently:live:viewers:{event.pk.hex}"
    get_redis_connection().hset(key, "another", f"5:{now + 30}")
    get_redis_connection().hset(key, "dead", f"7:{now - 1}")
    async with looking_at(event.pk) as socket:
        await hear_until(socket, "presence", viewers=6)
    assert get_redis_connection().hexists(key, "dead") is False


async def test_each_process_says_again_how_many_look_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.05)
    event = await in_thread(make_event)()
    key = f"evently:live:viewers:{event.pk.hex}"
    async with looking_at(event.pk) as socket:
        await hear_until(socket, "presence", viewers=1)
        get_redis_connection().delete(key)
        await hear_until(socket, "presence", viewers=1)
        assert get_redis_connection().hlen(key) == 1


async def test_nobody_is_left_behind_when_all_go() -> None:
    event = await in_thread(make_event)()
    async with looking_at(event.pk) as socket:
        await hear_until(socket, "presence", viewers=1)
    live.announcer.close()
    assert get_redis_connection().keys("evently:live:viewers:*") == []
    assert get_redis_connection().keys("*group*") == []


async def test_messages_after_the_snapshot_ask_the_database_nothing() -> None:
    event = await in_thread(make_event)()
    async with looking_at(event.pk) as socket:
        await hear(socket)

        def fail(*_: Any) -> None:
            raise AssertionError("the database was asked")

        with connection.execute_wrapper(fail):
            live.announcer.announce(state_of(event, version=2))
            assert (await hear(socket))["version"] == 2


async def test_a_slow_reader_keeps_only_the_newest_news() -> None:
    """The socket takes nothing: whatever comes meanwhile overwrites what waits."""
    event = await in_thread(make_event)()
    consumer, taken, ready = SeatsConsumer(), [], asyncio.Event()

    async def stuck(message: dict[str, Any]) -> None:
        await ready.wait()
        taken.append(json.loads(message["text"])["version"])

    consumer.base_send = stuck
    sender = asyncio.create_task(consumer._send_news())
    for version in range(2, 5_000):
        message = live.seats_message(state_of(event, version=version))
        await consumer.seats_changed({"message": message})
        if version == 2:
            await asyncio.sleep(0.01)
    assert len(consumer._outbox) == 1
    ready.set()
    await asyncio.sleep(2 * live.STATE_EVERY_SECONDS)
    assert taken == [2, 4_999]
    sender.cancel()


async def test_a_socket_without_news_stays_open() -> None:
    """The channel layer waits for news for five seconds at a time: silence is no time-out."""
    event = await in_thread(make_event)()
    async with looking_at(event.pk) as socket:
        await hear_until(socket, "presence", viewers=1)
        assert await socket.receive_nothing(timeout=7)
        live.announcer.announce(state_of(event, version=2))
        assert (await hear(socket))["version"] == 2


# --- Without Redis ------------------------------------------------------------------------------


@pytest.fixture
def redis_that_dies(tmp_path: Path, settings: Settings) -> Iterator[Redis]:
    """A Redis of this test's own, for the channel layer and the count of viewers."""
    server = Redis(tmp_path / "redis", durable=False)
    server.start()
    settings.REDIS_URL = server.url
    layer = settings.CHANNEL_LAYERS["default"]
    settings.CHANNEL_LAYERS = {
        "default": layer
        | {"CONFIG": layer["CONFIG"] | {"hosts": [{"address": server.url, "socket_timeout": 10}]}}
    }
    yield server
    server.stop()


async def test_without_redis_telling_costs_nothing_and_comes_back_by_itself(
    redis_that_dies: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    event = await in_thread(make_event)()
    await asyncio.to_thread(redis_that_dies.stop)
    began = time.monotonic()
    for version in range(2, 200):
        live.announcer.announce(state_of(event, version=version))
    assert time.monotonic() - began < 0.5
    await until(lambda: "live news is dropped" in caplog.text)
    live.announcer.announce(state_of(event, version=200))
    await asyncio.sleep(0.3)
    assert caplog.text.count("live news is dropped") == 1
    await asyncio.to_thread(redis_that_dies.start)
    async with looking_at(event.pk) as socket:
        await hear(socket)
        live.announcer.announce(state_of(event, version=300))
        await hear_until(socket, "seats", version=300)
    await until(lambda: "Redis is back" in caplog.text)


async def test_a_socket_is_closed_for_later_when_redis_goes(redis_that_dies: Redis) -> None:
    event = await in_thread(make_event)()
    async with looking_at(event.pk) as socket:
        await hear(socket)
        await asyncio.to_thread(redis_that_dies.stop)
        heard = await socket.receive_output(timeout=10)
        while heard["type"] == "websocket.send":
            heard = await socket.receive_output(timeout=10)
        assert heard == {"type": "websocket.close", "code": 1013}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  a log is not an event to wait for
            await asyncio.sleep(0.02)


# --- Threads, forks and whole processes ---------------------------------------------------------


async def test_what_was_said_last_goes_out_when_the_process_ends() -> None:
    event = await in_thread(make_event)()
    async with looking_at(event.pk) as socket:
        await hear(socket)
        for version in range(2, 6):
            live.announcer.announce(state_of(event, version=version))
        await asyncio.to_thread(live.announcer.close)
        await hear_until(socket, "seats", version=5)


async def test_a_forked_child_tells_with_a_thread_of_its_own() -> None:
    event = await in_thread(make_event)()
    async with looking_at(event.pk) as socket:
        await hear_until(socket, "presence", viewers=1)  # the parent's thread runs
        script = f"""
import os, threading, decimal, uuid, django
django.setup()
from events.consumers import SeatsConsumer
from events.facts import EventStateChanged
from events.live import announcer
event_id = uuid.UUID("{event.pk}")
def say(version):
    announcer.announce(
        EventStateChanged(event_id, 5, 10, decimal.Decimal(1), "published", version))
say(2)
child = os.fork()
if not child:
    say(3)
    announcer.close()
    os._exit(0)
os.waitpid(child, 0)
"""
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-c", script, env=process_environment()
        )
        heard = await hear_until(socket, "seats", version=3)
        assert await child.wait() == 0
        assert heard[-1]["available_seats"] == 5


@pytest.fixture
def server() -> Iterator[str]:
    with running_server() as host:
        yield host


async def test_a_real_server_tells_what_another_process_booked(server: str) -> None:
    event = await in_thread(make_event)(capacity=10)
    address = f"ws://{server}/ws/events/{event.pk}/"
    async with websockets.connect(address, origin=f"http://{server}") as socket:  # type: ignore[arg-type]
        assert json.loads(await asyncio.wait_for(socket.recv(), 5))["available_seats"] == 10
        began = time.monotonic()
        await in_thread(make_booking)(event, quantity=4)
        message: dict[str, Any] = {}
        while message.get("available_seats") != 6:
            message = json.loads(await asyncio.wait_for(socket.recv(), 5))
        assert time.monotonic() - began < 2
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(address, origin="https://evil.example")  # type: ignore[arg-type]
