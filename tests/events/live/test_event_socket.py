"""The websocket of one event: its snapshot, its news, and who may open it."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import pytest
from channels.testing import WebsocketCommunicator
from django.db import connection, transaction
from django_redis import get_redis_connection

from bookings.services import cancel_booking
from evently.facts import publish
from evently.instants import iso
from events import live
from events.live.messages import channel_of, seats_text
from events.models import Event
from events.services import edit_event
from tests.events.live.sockets import (
    application,
    hear,
    hear_until,
    in_thread,
    looking_at,
    state_of,
)
from tests.makers import NOW, make_booking, make_event, make_organiser, make_user

pytestmark = [pytest.mark.django_db(transaction=True)]


async def test_a_snapshot_comes_on_connect() -> None:
    event = await in_thread(make_event)(
        capacity=100, available_seats=37, sales_start_at=NOW, timezone="UTC"
    )
    async with looking_at(event.pk) as socket:
        assert await hear(socket) == {
            "type": "seats",
            "event_id": str(event.pk),
            "available_seats": 37,
            "capacity": 100,
            "price": "20.00",
            "currency": "EUR",
            "status": "published",
            "version": 1,
            "ends_at": iso(event.ends_at),
            "sales_start_at": "2026-06-01T12:00:00Z",
            "sales_end_at": None,
            "name": "Late Jazz",
            "venue": "Cellar",
            "starts_at": iso(event.starts_at),
            "timezone": "UTC",
            "max_per_booking": 10,
        }


async def test_a_sale_that_ends_sooner_is_told() -> None:
    owner = await in_thread(make_user)()
    event = await in_thread(make_event)(await in_thread(make_organiser)(owner))
    async with looking_at(event.pk) as socket:
        await in_thread(edit_event)(
            event_id=event.pk,
            by=owner,
            changes={"sales_end_at": event.starts_at},
            expected_version=1,
            now=NOW,
        )
        await hear_until(socket, "seats", sales_end_at=iso(event.starts_at))


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

    async def say(version: int) -> None:
        text = seats_text(state_of(event, version=version))
        await in_thread(get_redis_connection().publish)(channel_of(event.pk), text)

    async with looking_at(event.pk) as socket:
        await hear(socket)
        await hear(socket, "presence")
        await say(10)
        assert (await hear(socket))["version"] == 10
        await say(8)
        assert await socket.receive_nothing(timeout=0.3)
        async with looking_at(event.pk) as late:
            assert (await hear(late))["version"] == 10
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


async def test_messages_after_the_snapshot_ask_the_database_nothing() -> None:
    event = await in_thread(make_event)()
    async with looking_at(event.pk) as socket:
        await hear(socket)

        def fail(*_: Any) -> None:
            raise AssertionError("the database was asked")

        with connection.execute_wrapper(fail):
            live.announcer.announce(state_of(event, version=2))
            assert (await hear(socket))["version"] == 2
