"""The websocket of the catalogue: many events through one line."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from channels.testing import WebsocketCommunicator
from django.db import connection
from django_redis import get_redis_connection

from events import live
from events.live import hall
from events.live.messages import channel_of
from events.live.snapshots import public_snapshots
from events.models import Event
from tests.events.live.sockets import (
    application,
    hear,
    hear_until,
    in_thread,
    looking_at,
    looking_at_all,
    state_of,
    subscribers,
    until,
)
from tests.makers import make_booking, make_event

pytestmark = [pytest.mark.django_db(transaction=True)]

NO_ID = "1234"


async def test_a_snapshot_of_each_event_comes_on_connect() -> None:
    one = await in_thread(make_event)(capacity=10, available_seats=3)
    other = await in_thread(make_event)(capacity=20)
    async with looking_at_all(one.pk, other.pk) as socket:
        heard = [await hear(socket), await hear(socket)]
    assert {message["event_id"]: message["available_seats"] for message in heard} == {
        str(one.pk): 3,
        str(other.pk): 20,
    }


async def test_the_snapshot_is_one_question_to_the_database() -> None:
    events = [await in_thread(make_event)() for _ in range(3)]
    asked: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    def snapshot() -> int:
        with connection.execute_wrapper(note):
            return len(public_snapshots([event.pk for event in events]))

    assert await in_thread(snapshot)() == 3
    assert len(asked) == 1


async def test_changes_of_each_event_are_told_and_of_no_other() -> None:
    one, other, foreign = [await in_thread(make_event)(capacity=10) for _ in range(3)]
    async with looking_at_all(one.pk, other.pk) as socket:
        await hear(socket), await hear(socket)
        await in_thread(make_booking)(foreign)
        await in_thread(make_booking)(one, quantity=2)
        heard = [await hear(socket)]
        await in_thread(make_booking)(other, quantity=4)
        heard.append(await hear(socket))
    told = [(message["event_id"], message["available_seats"]) for message in heard]
    assert told == [(str(one.pk), 8), (str(other.pk), 6)]


async def test_news_of_one_event_does_not_hide_news_of_another() -> None:
    """The newest of each event waits, not the newest of all, and versions are the event's own."""
    one, other = await in_thread(make_event)(version=9), await in_thread(make_event)()
    async with looking_at_all(one.pk, other.pk) as socket:
        await hear(socket), await hear(socket)
        for event, version in ((one, 10), (other, 2)):
            live.announcer.announce(state_of(event, version=version))
        heard = {(await hear(socket))["event_id"] for _ in range(2)}
    assert heard == {str(one.pk), str(other.pk)}


async def test_who_looks_at_the_catalogue_is_no_viewer_and_hears_of_none() -> None:
    event = await in_thread(make_event)()
    async with looking_at_all(event.pk) as list_, looking_at(event.pk) as page:
        await hear(list_)
        await hear_until(page, "presence", viewers=1)
        assert await list_.receive_nothing(timeout=0.3)


async def test_drafts_and_what_is_not_there_are_left_out() -> None:
    event = await in_thread(make_event)()
    draft = await in_thread(make_event)(status=Event.Status.DRAFT)
    async with looking_at_all(draft.pk, uuid4(), event.pk) as socket:
        assert (await hear(socket))["event_id"] == str(event.pk)
        live.announcer.announce(state_of(draft, version=5))
        assert await socket.receive_nothing(timeout=0.3)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?ids=",
        f"?ids={NO_ID}",
        f"?ids={uuid4()},",
        f"?ids={uuid4()},{NO_ID}",
        "?ids=" + ",".join(str(uuid4()) for _ in range(51)),
    ],
    ids=["none", "empty", "no id", "one empty", "one bad", "too many"],
)
async def test_an_address_that_makes_no_sense_is_refused(query: str) -> None:
    socket = WebsocketCommunicator(application(), f"/ws/events/{query}")
    accepted, _ = await socket.connect(timeout=5)
    assert not accepted
    await socket.wait(timeout=1)  # and nothing goes on listening


async def test_fifty_events_are_not_too_many_and_an_event_named_twice_is_told_once() -> None:
    events = [await in_thread(make_event)() for _ in range(2)]
    ids: list[UUID] = [event.pk for event in events]
    async with looking_at_all(*ids, *ids, *(uuid4() for _ in range(48))) as socket:
        assert {(await hear(socket))["event_id"] for _ in ids} == {str(id_) for id_ in ids}
        assert await socket.receive_nothing(timeout=0.3)


async def test_a_line_to_nothing_that_is_public_says_that_it_is_alive() -> None:
    draft = await in_thread(make_event)(status=Event.Status.DRAFT)
    async with looking_at_all(draft.pk, uuid4()) as socket:
        assert await hear(socket, "alive") == {"type": "alive"}


async def test_a_silent_line_says_that_it_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hall, "ALIVE_EVERY_SECONDS", 0.1)
    event = await in_thread(make_event)()
    async with looking_at_all(event.pk) as socket:
        await hear(socket)
        assert await hear(socket, "alive") == {"type": "alive"}
        assert await hear(socket, "alive") == {"type": "alive"}


async def test_messages_after_the_snapshot_ask_the_database_nothing() -> None:
    event = await in_thread(make_event)()
    async with looking_at_all(event.pk) as socket:
        await hear(socket)

        def fail(*_: Any) -> None:
            raise AssertionError("the database was asked")

        with connection.execute_wrapper(fail):
            live.announcer.announce(state_of(event, version=2))
            assert (await hear(socket))["version"] == 2


async def test_all_events_are_joined_in_one_command_and_left_when_the_socket_is() -> None:
    events = [await in_thread(make_event)() for _ in range(3)]
    channels = [channel_of(event.pk) for event in events]
    get_redis_connection().config_resetstat()
    async with looking_at_all(*(event.pk for event in events)) as socket:
        await hear(socket)
        assert subscribers(*channels) == [1, 1, 1]
        assert get_redis_connection().info("commandstats")["cmdstat_subscribe"]["calls"] == 1
    await until(lambda: subscribers(*channels) == [0, 0, 0])
