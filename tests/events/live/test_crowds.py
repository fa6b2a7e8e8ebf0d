"""Many websockets in one process: one subscription and one question for all of them."""

import asyncio
import threading
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from uuid import UUID

import pytest
import redis
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import OperationalError, connections
from django.db.models import F
from django_redis import get_redis_connection

from evently.dev.redis import Redis
from evently.wire import the_wire
from events import live
from events.live import snapshots
from events.live.hub import TELL_EVERY_SECONDS, Visitor, the_hub
from events.live.messages import channel_of, seats_text, viewers_channel_of
from events.live.outgoing import Frame
from events.live.snapshots import Snapshot, Snapshots
from events.models import Event
from tests.events.live.sockets import (
    hear,
    hear_until,
    in_thread,
    looking_at,
    looking_at_all,
    state_of,
    subscribers,
    until,
)
from tests.makers import make_event
from tests.promises import within

pytestmark = [pytest.mark.django_db(transaction=True)]

TRY_AGAIN_LATER = {"type": "websocket.close", "code": 1013}


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[set[UUID]]:
    """What the database was asked for."""
    asked: list[set[UUID]] = []
    answer = snapshots.public_snapshots

    def ask(event_ids: Iterable[UUID]) -> dict[UUID, Snapshot]:
        asked.append(set(event_ids))
        return answer(event_ids)

    monkeypatch.setattr(snapshots, "public_snapshots", ask)
    return asked


async def a_crowd(stack: AsyncExitStack, event: Event, number: int) -> list[WebsocketCommunicator]:
    """They come all at once."""
    coming = [stack.enter_async_context(looking_at(event.pk)) for _ in range(number)]
    return await asyncio.gather(*coming)


async def test_a_process_hears_an_event_once_however_many_look_and_not_when_they_left() -> None:
    event = await in_thread(make_event)()
    channels = channel_of(event.pk), viewers_channel_of(event.pk)
    async with AsyncExitStack() as stack:
        crowd = await a_crowd(stack, event, 20)
        async with looking_at_all(event.pk) as list_:
            for socket in (*crowd, list_):
                await hear(socket)
            assert subscribers(*channels) == [1, 1]
        assert subscribers(*channels) == [1, 1]
    await until(lambda: subscribers(*channels) == [0, 0])
    assert the_hub().visitors == set()
    assert the_hub()._rooms == {}


async def test_a_crowd_that_comes_at_once_asks_the_database_once_or_twice(
    questions: list[set[UUID]],
) -> None:
    event = await in_thread(make_event)(capacity=10, available_seats=3)
    async with AsyncExitStack() as stack:
        crowd = await a_crowd(stack, event, 50)
        heard = [await hear(socket) for socket in crowd]
    assert {message["available_seats"] for message in heard} == {3}
    assert 1 <= len(questions) <= 2


async def test_nobody_is_given_an_answer_that_was_asked_for_before_they_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = await in_thread(make_event)()
    answer, is_read, may_go = snapshots.public_snapshots, threading.Event(), threading.Event()

    def answer_late(event_ids: Iterable[UUID]) -> dict[UUID, Snapshot]:
        found = answer(event_ids)
        is_read.set()
        assert may_go.wait(5)
        return found

    monkeypatch.setattr(snapshots, "public_snapshots", answer_late)
    office = Snapshots()
    early = asyncio.create_task(office.ask([event.pk]))
    await asyncio.to_thread(is_read.wait, 5)
    await asyncio.to_thread(change_elsewhere, event)
    late = [asyncio.create_task(office.ask([event.pk])) for _ in range(3)]
    await asyncio.sleep(0.1)
    may_go.set()
    assert (await early)[event.pk].version == 1
    assert [(await answer)[event.pk].version for answer in late] == [2, 2, 2]


async def test_a_question_that_fails_is_asked_again_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office, ask = Snapshots(), snapshots.public_snapshots

    monkeypatch.setattr(snapshots, "public_snapshots", database_is_out)
    both = await asyncio.gather(office.ask([]), office.ask([]), return_exceptions=True)
    assert [type(error) for error in both] == [OperationalError, OperationalError]
    monkeypatch.setattr(snapshots, "public_snapshots", ask)
    assert await office.ask([]) == {}


async def test_many_processes_that_tell_of_one_event_are_thinned_out() -> None:
    event = await in_thread(make_event)()
    async with looking_at(event.pk) as socket:
        await hear_until(socket, "presence", viewers=1)
        began = time.monotonic()
        for version in range(2, 302):
            tell(event, version)
            await asyncio.sleep(0.001)
        with within(1):
            heard = await hear_until(socket, "seats", version=301)
        seconds = time.monotonic() - began
    versions = [message["version"] for message in heard]
    assert versions == sorted(set(versions))
    assert len(heard) <= 5 + seconds / TELL_EVERY_SECONDS


async def test_sockets_outlive_a_short_absence_of_redis_and_miss_nothing(
    redis_that_dies: Redis, questions: list[set[UUID]]
) -> None:
    event, other = [await in_thread(make_event)() for _ in range(2)]
    async with looking_at(event.pk) as one, looking_at_all(event.pk, other.pk) as two:
        await hear(one), await hear(two), await hear(two)
        await asyncio.to_thread(redis_that_dies.stop)
        await until(lambda: not the_wire().is_up)
        await in_thread(change_unheard)(event)
        questions.clear()
        await asyncio.to_thread(redis_that_dies.start)
        for socket in (one, two):
            await hear_until(socket, "seats", version=2)
        assert questions == [{event.pk, other.pk}]
        await in_thread(tell)(event, 3)
        await hear_until(one, "seats", version=3)


async def test_who_comes_while_the_database_is_out_is_sent_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = await in_thread(make_event)()
    monkeypatch.setattr(snapshots, "public_snapshots", database_is_out)
    async with looking_at(event.pk) as one, looking_at_all(event.pk) as other:
        for socket in (one, other):
            assert await socket.receive_output(timeout=5) == TRY_AGAIN_LATER
    assert the_hub()._rooms == {}


async def test_all_are_sent_away_when_it_cannot_be_told_what_they_missed(
    redis_that_dies: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = await in_thread(make_event)()
    async with looking_at_all(event.pk) as socket:
        await hear(socket)
        await asyncio.to_thread(redis_that_dies.stop)
        await until(lambda: not the_wire().is_up)
        monkeypatch.setattr(snapshots, "public_snapshots", database_is_out)
        await asyncio.to_thread(redis_that_dies.start)
        assert await socket.receive_output(timeout=5) == TRY_AGAIN_LATER


async def test_an_empty_redis_changes_nothing() -> None:
    event = await in_thread(make_event)()
    async with looking_at(event.pk) as socket:
        await hear(socket)
        await asyncio.to_thread(get_redis_connection().flushall)
        live.announcer.announce(state_of(event, version=2))
        await hear_until(socket, "seats", version=2)


@pytest.mark.parametrize("turns", [0, 1, 2, 5, 10, 20, 40])
async def test_who_leaves_while_coming_leaves_nothing_behind(turns: int) -> None:
    event = await in_thread(make_event)()

    async def ignore(_: Frame) -> None: ...

    visitor = Visitor(the_hub(), ignore)

    async def come() -> None:
        try:
            await visitor.join([event.pk], as_viewer=True)
            await visitor.see()
        finally:
            visitor.leave()

    coming = asyncio.create_task(come())
    for _ in range(turns):
        await asyncio.sleep(0)
    coming.cancel()
    await asyncio.wait([coming])
    assert the_hub()._rooms == {}
    await the_wire().listen("another", lambda _: None)  # what was asked of Redis before is done
    channels = channel_of(event.pk), viewers_channel_of(event.pk)
    await until(lambda: subscribers(*channels) == [0, 0])


def database_is_out(_: Iterable[UUID]) -> dict[UUID, Snapshot]:
    raise OperationalError("gone")


def change_unheard(event: Event) -> None:
    """As another process does whose news is lost."""
    Event.objects.filter(pk=event.pk).update(version=F("version") + 1)


def change_elsewhere(event: Event) -> None:
    """In a thread of its own: the one that tests share is busy."""
    change_unheard(event)
    connections.close_all()


def tell(event: Event, version: int) -> None:
    """As another process does."""
    text = seats_text(state_of(event, version=version))
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.publish(channel_of(event.pk), text)
