"""The wire: hearing channels of Redis, whatever happens to it."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis
from django.conf import settings
from django_redis import get_redis_connection

from evently import wire
from evently.dev.redis import Redis
from evently.wire import the_wire


class Ear:
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def __call__(self, payload: bytes) -> None:
        self.heard.append(payload)


async def test_what_is_published_is_heard_from_the_moment_listening_returns() -> None:
    ear = Ear()
    await the_wire().listen("news", ear)
    await say("news", b"\x00one")
    await until(lambda: ear.heard == [b"\x00one"])


async def test_each_channel_has_its_own_hearers_and_all_share_one_connection() -> None:
    before, ears = connections(), {name: Ear() for name in "abc"}
    await asyncio.gather(*(the_wire().listen(name, ear) for name, ear in ears.items()))
    another = Ear()
    await the_wire().listen("b", another)
    for name in "abc":
        await say(name, name.encode())
    await until(lambda: all(ears[name].heard == [name.encode()] for name in "abc"))
    assert another.heard == [b"b"]
    assert connections() == before + 1
    assert subscribers("b") == 1


async def test_who_stops_hears_nothing_more_and_the_last_ends_the_subscription() -> None:
    one, other = Ear(), Ear()
    stop_one, stop_other = [await the_wire().listen("news", ear) for ear in (one, other)]
    stop_one()
    stop_one()
    await say("news", b"1")
    await until(lambda: other.heard == [b"1"])
    assert one.heard == []
    stop_other()
    await until(lambda: subscribers("news") == 0)


async def test_coming_and_going_in_any_order_ends_as_it_was_meant() -> None:
    """A subscription that is given up before it stood, and asked for again."""
    ear, early = Ear(), Ear()
    await the_wire().listen("other", Ear())
    for turns in range(30):
        listening = asyncio.create_task(the_wire().listen("news", early))
        for _ in range(turns):
            await asyncio.sleep(0)
        if not listening.cancel():
            (await listening)()
        stop = await the_wire().listen("news", ear)
        await say("news", b"%d" % turns)
        await until(lambda said=turns: ear.heard == [b"%d" % said])  # type: ignore[misc]
        ear.heard.clear()
        stop()
    await until(lambda: subscribers("news") == 0)
    assert early.heard == []


async def test_redis_is_not_troubled_with_a_change_of_mind(redis_that_dies: Redis) -> None:
    """One who goes before Redis has answered, and another who comes."""
    line, ear = the_wire(), Ear()
    await line.listen("other", Ear())
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.config_resetstat()
        with hanging(redis_that_dies):
            early = asyncio.create_task(line.listen("news", Ear()))
            await asyncio.sleep(0.05)
            early.cancel()
            await asyncio.sleep(0.05)
            listening = asyncio.create_task(line.listen("news", ear))
            await asyncio.sleep(0.05)
        await listening
        calls = {name: stat["calls"] for name, stat in client.info("commandstats").items()}
    assert calls["cmdstat_subscribe"] == 1
    assert "cmdstat_unsubscribe" not in calls
    await say("news", b"1")
    await until(lambda: ear.heard == [b"1"])


async def test_one_hearer_that_fails_does_not_hurt_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: bytes) -> None:
        raise ValueError("deaf")

    ear = Ear()
    await the_wire().listen("news", fail)
    await the_wire().listen("news", ear)
    await say("news", b"1")
    await say("news", b"2")
    await until(lambda: ear.heard == [b"1", b"2"])
    assert "A listener failed" in caplog.text


async def test_the_line_comes_back_by_itself_and_says_so(
    redis_that_dies: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    ear, returns, up = Ear(), [], Ear()
    line = the_wire()
    line.on_return(lambda: returns.append(line.is_up))
    await line.listen("news", ear)
    assert line.is_up
    await asyncio.to_thread(redis_that_dies.stop)
    await until(lambda: not line.is_up)
    await line.listen("more", up)  # returns at once
    assert returns == []
    await asyncio.to_thread(redis_that_dies.start)
    await until(lambda: line.is_up)
    assert returns == [True]
    await say("news", b"1")
    await say("more", b"2")
    await until(lambda: ear.heard == [b"1"] and up.heard == [b"2"])
    assert caplog.text.count("Redis is out") == caplog.text.count("Redis is back") == 1


async def test_who_comes_while_redis_is_out_from_the_start_is_not_kept_waiting(
    redis_that_dies: Redis,
) -> None:
    await asyncio.to_thread(redis_that_dies.stop)
    ear, returns, line = Ear(), [], the_wire()
    line.on_return(lambda: returns.append(True))
    async with asyncio.timeout(1):
        await line.listen("news", ear)
    assert not line.is_up
    listening = asyncio.create_task(line.listen("more", ear))
    await asyncio.sleep(0)
    assert listening.done()
    await asyncio.to_thread(redis_that_dies.start)
    await until(lambda: returns == [True])
    await say("news", b"1")
    await until(lambda: ear.heard == [b"1"])


async def test_a_line_that_says_nothing_is_given_up(
    redis_that_dies: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PING_EVERY_SECONDS", 0.2)
    monkeypatch.setattr(wire, "CONNECT_PATIENCE_SECONDS", 0.2)
    ear, line = Ear(), the_wire()
    await line.listen("news", ear)
    with hanging(redis_that_dies):
        await until(lambda: not line.is_up)
    await until(lambda: line.is_up)
    await say("news", b"1")
    await until(lambda: ear.heard == [b"1"])


async def test_an_idle_line_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "PING_EVERY_SECONDS", 0.05)
    line, ear = the_wire(), Ear()
    lost: list[bool] = []
    line.on_return(lambda: lost.append(True))
    stop = await line.listen("news", ear)
    stop()  # without a subscription Redis answers in another form
    await asyncio.sleep(0.5)
    assert line.is_up
    assert lost == []


@pytest.mark.parametrize("turns", [*range(0, 20, 2), 1_000])
def test_nothing_is_left_when_the_loop_ends(turns: int, caplog: pytest.LogCaptureFixture) -> None:
    """In the middle of connecting, or later."""
    before = connections()

    async def listen() -> None:
        listening = asyncio.create_task(the_wire().listen("news", Ear()))
        for _ in range(turns):
            await asyncio.sleep(0)
        listening.cancel()

    asyncio.run(listen())
    gc.collect()
    assert wire._wires == {}
    assert caplog.text == ""
    asyncio.run(until(lambda: connections() == before))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("turns", range(12))
def test_a_line_that_is_lost_while_the_loop_ends_does_not_hold_it_up(turns: int) -> None:
    async def listen() -> None:
        await the_wire().listen("news", Ear())
        get_redis_connection().execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        for _ in range(turns):
            await asyncio.sleep(0)

    asyncio.run(listen())
    assert wire._wires == {}


@contextmanager
def hanging(server: Redis) -> Iterator[None]:
    """A server that takes what it is sent and says nothing."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def say(channel: str, payload: bytes) -> None:
    def publish() -> None:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.publish(channel, payload)

    await asyncio.to_thread(publish)


def connections() -> int:
    """How many Redis has, this question's included."""
    return len(get_redis_connection().client_list())


def subscribers(channel: str) -> int:
    [(_, number)] = get_redis_connection().pubsub_numsub(channel)
    return int(number)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  Redis has no event to wait for
            await asyncio.sleep(0.02)
