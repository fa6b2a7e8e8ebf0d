"""What a process tells others about its changes, and how often."""

import asyncio
import json
import time
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.utils.timezone import now
from django_redis import get_redis_connection

from evently import purging, wire
from evently.dev.redis import Redis
from evently.wire import the_wire
from events.facts import EventStateChanged
from events.live import announcer, newsroom
from events.live.messages import channel_of
from tests.events.live.sockets import until


class Radio:
    """Hears channels of Redis."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.times: list[float] = []

    async def tune(self, *channels: str) -> "Radio":
        await asyncio.gather(*(the_wire().listen(channel, self._hear) for channel in channels))
        return self

    @property
    def versions(self) -> list[int]:
        return [json.loads(payload)["version"] for payload in self.heard]

    def _hear(self, payload: bytes) -> None:
        self.heard.append(payload)
        self.times.append(time.monotonic())


def a_state(event_id: UUID, version: int = 1) -> EventStateChanged:
    return EventStateChanged(
        event_id, 5, 10, Decimal(20), "EUR", "published", version, now(), None, None
    )


async def test_the_first_change_is_told_at_once_and_then_the_newest_of_each_tick() -> None:
    event_id = uuid4()
    radio = await Radio().tune(channel_of(event_id))
    announcer.announce(a_state(event_id))
    await until(lambda: radio.heard)
    began = time.monotonic()
    for version in range(2, 402):
        announcer.announce(a_state(event_id, version))
        await asyncio.sleep(0.002)
    await until(lambda: radio.versions[-1] == 401)
    tenths = (time.monotonic() - began) / 0.1
    assert 3 <= len(radio.heard) <= tenths + 2
    assert radio.versions == sorted(set(radio.versions))


async def test_older_news_does_not_replace_newer() -> None:
    event_id = uuid4()
    radio = await Radio().tune(channel_of(event_id))
    for version in (1, 5, 3, 4):
        announcer.announce(a_state(event_id, version))
    await until(lambda: 5 in radio.versions)
    announcer.announce(a_state(event_id, 6))
    await until(lambda: 6 in radio.versions)
    assert set(radio.versions) <= {1, 5, 6}


async def test_changes_of_many_events_are_told_in_few_commands() -> None:
    event_ids = [uuid4() for _ in range(500)]
    radio = await Radio().tune(*map(channel_of, event_ids))
    get_redis_connection().config_resetstat()
    for event_id in event_ids:
        announcer.announce(a_state(event_id))
    await until(lambda: len(radio.heard) == 500)
    assert get_redis_connection().info("commandstats")["cmdstat_eval"]["calls"] <= 4


async def test_caches_are_told_ten_times_a_second_at_most_how_events_stand() -> None:
    event_ids = [uuid4() for _ in range(3)]
    radio = await Radio().tune(purging.NEWS_CHANNEL)
    began = time.monotonic()
    for version in range(1, 41):
        for event_id in event_ids:
            announcer.announce(a_state(event_id, version))
        await asyncio.sleep(0.02)
    last_said = time.monotonic()
    for event_id in event_ids:
        announcer.announce(a_state(event_id, 41))
    await until(lambda: radio.times[-1] > last_said)
    assert 2 <= len(radio.heard) <= (time.monotonic() - began) / 0.1 + 1
    told = purging.unpack_news(radio.heard[-1])
    assert {tag: news.version for tag, news in told.items()} == {
        purging.tag_of_event(event_id): 41 for event_id in event_ids
    }


async def test_what_was_not_told_while_redis_was_out_is_told_when_it_is_back(
    redis_that_dies: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever listens is back before it is told again.
    monkeypatch.setattr(newsroom, "TRY_AGAIN_SECONDS", 2 * wire.LONGEST_PAUSE_SECONDS)
    event_id, other = uuid4(), uuid4()
    radio = await Radio().tune(channel_of(event_id), channel_of(other))
    await asyncio.to_thread(redis_that_dies.stop)
    await until(lambda: not the_wire().is_up)
    announcer.announce(a_state(other))
    for version in (1, 2):
        announcer.announce(a_state(event_id, version))
        await asyncio.sleep(0.3)
    await asyncio.to_thread(redis_that_dies.start)
    await until(lambda: len(radio.heard) == 2)
    assert sorted(radio.versions) == [1, 2]


async def test_telling_costs_next_to_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Each booking pays for it: some microseconds, with much to spare for a busy machine."""
    state = a_state(uuid4())
    began = time.thread_time()
    for _ in range(2_000):
        announcer.announce(state)
    assert (time.thread_time() - began) / 2_000 < 0.000_05
