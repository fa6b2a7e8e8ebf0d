"""Live news between threads, forks and whole processes."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import websockets

from events import live
from tests.browser.server import process_environment, running_server
from tests.events.live.sockets import hear_until, in_thread, looking_at, state_of
from tests.makers import make_booking, make_event

pytestmark = [pytest.mark.django_db(transaction=True)]


async def test_what_was_said_last_goes_out_when_the_process_ends() -> None:
    event = await in_thread(make_event)()
    async with looking_at(event.pk) as socket:
        live.announcer.announce(state_of(event, version=2))
        await hear_until(socket, "seats", version=2)
        for version in range(3, 6):
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
from django.utils import timezone
from events.consumers import SeatsConsumer
from events.facts import EventStateChanged
from events.live import announcer
event_id = uuid.UUID("{event.pk}")
def say(version):
    announcer.announce(
        EventStateChanged(
            event_id, 5, 10, decimal.Decimal(1), "EUR", "published", version, timezone.now(),
            None, None))
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
