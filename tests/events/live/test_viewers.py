"""How many people look at an event."""

import time

import pytest
from django_redis import get_redis_connection

from events import live
from events.live import newsroom
from tests.events.live.sockets import hear_until, in_thread, looking_at
from tests.makers import make_event

pytestmark = [pytest.mark.django_db(transaction=True)]


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
    monkeypatch.setattr(newsroom, "HEARTBEAT_SECONDS", 0.05)
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
