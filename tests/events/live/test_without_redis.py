"""Live news while Redis is out."""

import asyncio

import pytest

from evently.dev.redis import Redis
from events import live
from tests.events.live.sockets import hear, hear_until, in_thread, looking_at, state_of, until
from tests.makers import make_event
from tests.promises import within

pytestmark = [pytest.mark.django_db(transaction=True)]


async def test_without_redis_telling_costs_nothing_and_comes_back_by_itself(
    redis_that_dies: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    event = await in_thread(make_event)()
    await asyncio.to_thread(redis_that_dies.stop)
    with within(0.5):
        for version in range(2, 200):
            live.announcer.announce(state_of(event, version=version))
    await until(lambda: "live news waits" in caplog.text)
    live.announcer.announce(state_of(event, version=200))
    await asyncio.sleep(0.3)
    assert caplog.text.count("live news waits") == 1
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
