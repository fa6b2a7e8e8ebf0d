"""Limits while Redis is stopped, hangs or forgets: everybody may pass, and nobody waits."""

import asyncio
import os
import signal

import pytest

from evently.dev.redis import Redis
from evently.gateway import judge as judge_module
from evently.gateway.judge import PATIENCE_SECONDS, PAUSE_SECONDS
from evently.gateway.limits import RateLimits
from evently.gateway.metrics import LIMIT_SKIPPED
from tests.gateway.asking import Reply, ask
from tests.promises import SLOW_MACHINE, within

REQUESTS = 50


def skipped() -> float:
    return float(next(iter(LIMIT_SKIPPED.collect())).samples[0].value)


async def ask_often(layer: RateLimits) -> list[Reply]:
    return [await ask(layer, f"/{number}") for number in range(REQUESTS)]


def is_limited(reply: Reply) -> bool:
    return "ratelimit-limit" in reply.headers


async def until_limited(layer: RateLimits) -> None:
    async with asyncio.timeout(3 * PAUSE_SECONDS * SLOW_MACHINE):
        while not is_limited(await ask(layer)):  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0.02)


async def test_without_redis_everybody_passes_and_it_comes_back_by_itself(
    redis_that_dies: Redis, limited: RateLimits, caplog: pytest.LogCaptureFixture
) -> None:
    assert is_limited(await ask(limited))
    await asyncio.to_thread(redis_that_dies.stop)
    before = skipped()
    with within(4 * PATIENCE_SECONDS):
        replies = await ask_often(limited)
    assert [reply.status for reply in replies] == [200] * REQUESTS
    assert not any(map(is_limited, replies))
    assert skipped() == before + REQUESTS
    await asyncio.to_thread(redis_that_dies.start)
    await until_limited(limited)
    assert caplog.text.count("Rate limits are open") == 1
    assert caplog.text.count("Rate limits hold again") == 1


async def test_a_hanging_redis_costs_its_time_out_once(
    redis_that_dies: Redis, limited: RateLimits
) -> None:
    assert is_limited(await ask(limited))
    os.kill(redis_that_dies.pid, signal.SIGSTOP)
    try:
        with within(4 * PATIENCE_SECONDS):
            together = await asyncio.gather(*(ask(limited, f"/{n}") for n in range(10 * REQUESTS)))
            one_after_another = await ask_often(limited)
        assert {reply.status for reply in together + one_after_another} == {200}
    finally:
        os.kill(redis_that_dies.pid, signal.SIGCONT)
    await until_limited(limited)


async def test_while_one_looks_whether_redis_is_back_nobody_else_waits(
    redis_that_dies: Redis,
    limited: RateLimits,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await ask(limited)
    os.kill(redis_that_dies.pid, signal.SIGSTOP)
    try:
        await ask(limited)  # Redis is known to be out
        await asyncio.sleep(PAUSE_SECONDS)
        monkeypatch.setattr(judge_module, "LARGEST_BATCH", 1)
        looking = asyncio.create_task(ask(limited))
        await asyncio.sleep(0.01)
        for number in range(5):
            assert not is_limited(await ask(limited, f"/{number}"))
        assert not looking.done()
        await looking
        assert caplog.text.count("Rate limits are open") == 1
    finally:
        os.kill(redis_that_dies.pid, signal.SIGCONT)


async def test_a_restarted_redis_knows_nothing_and_limits_hold_on(
    redis_that_dies: Redis, limited: RateLimits
) -> None:
    await ask(limited)
    await asyncio.to_thread(redis_that_dies.stop)
    await asyncio.to_thread(redis_that_dies.start)
    await until_limited(limited)
    reply = await ask(limited, "/developers/")
    assert int(reply.headers["ratelimit-remaining"]) >= 895
