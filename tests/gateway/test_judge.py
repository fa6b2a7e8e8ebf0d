"""Sliding windows in Redis: how much passes, and when more will."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from django.conf import settings
from django_redis import get_redis_connection

from evently.gateway import advances
from evently.gateway import judge as judge_module
from evently.gateway.advances import Advances, Verdict
from evently.gateway.judge import Exhausted, Judge
from evently.gateway.tiers import Tier

MINUTE_MS = 60_000
QUICK_MS = 10
WIDE, NARROW = Tier("wide", "test:wide", 10), Tier("narrow", "test:narrow", 3)


@pytest.fixture
async def judge() -> AsyncIterator[Judge]:
    judge = Judge(settings.REDIS_URL)
    yield judge
    await judge.close()


async def fresh_verdict(judge: Judge, *tiers: Tier) -> Verdict:
    """What Redis says, whatever this process remembers."""
    judge._exhausted = Exhausted(10)
    verdict = await judge.judge(tiers)
    assert verdict
    return verdict


def now_ms() -> int:
    seconds, microseconds = get_redis_connection().time()
    return int(seconds * 1000 + microseconds // 1000)


def write(tier: Tier, *, age_ms: int, current: int, previous: int) -> None:
    """As if the tier's window had begun so long ago, with so many in it and in the one before."""
    get_redis_connection().set(tier.key, f"{now_ms() - age_ms} {current} {previous}")


async def judged_at(judge: Judge, tier: Tier, age_ms: int, **counts: int) -> Verdict:
    """The verdict when the window has this age, or less than QUICK_MS more."""
    while True:
        began = now_ms()
        write(tier, age_ms=age_ms, **counts)
        verdict = await fresh_verdict(judge, tier)
        if now_ms() - began < QUICK_MS:
            return verdict


def round_trips() -> int:
    statistics = get_redis_connection().info("commandstats")
    return int(statistics.get("cmdstat_evalsha", {"calls": 0})["calls"])


async def test_exactly_the_limit_passes(judge: Judge) -> None:
    verdicts = [await fresh_verdict(judge, NARROW) for _ in range(5)]
    assert [verdict.is_allowed for verdict in verdicts] == [True] * 3 + [False] * 2
    assert [verdict.remaining for verdict in verdicts] == [2, 1, 0, 0, 0]
    assert MINUTE_MS - 5_000 < verdicts[0].reset_ms <= MINUTE_MS


async def test_what_one_tier_refuses_counts_in_none(judge: Judge) -> None:
    for _ in range(5):
        last = await fresh_verdict(judge, WIDE, NARROW)
    assert (last.is_allowed, last.tier) == (False, NARROW)
    assert (await fresh_verdict(judge, WIDE)).remaining == 10 - 3 - 1


async def test_the_tier_with_the_least_left_is_told(judge: Judge) -> None:
    assert (await fresh_verdict(judge, WIDE, NARROW)).tier == NARROW
    for _ in range(8):
        await fresh_verdict(judge, WIDE)
    verdict = await fresh_verdict(judge, WIDE, NARROW)
    assert (verdict.tier, verdict.remaining) == (WIDE, 0)


async def test_the_tier_that_refuses_longest_is_told(judge: Judge) -> None:
    write(NARROW, age_ms=50_000, current=3, previous=0)
    write(WIDE, age_ms=10_000, current=10, previous=0)
    assert (await fresh_verdict(judge, NARROW, WIDE)).tier == WIDE
    assert (await fresh_verdict(judge, WIDE, NARROW)).tier == WIDE


@pytest.mark.parametrize(
    ("age_ms", "current", "previous", "passes"),
    [
        (30_000, 0, 10, 5),  # half of the window before still counts
        (45_000, 2, 4, 7),
        (55_000, 0, 10, 9),
        (0, 0, 10, 0),
        (61_000, 10, 0, 0),  # the window under way has become the one before
        (90_000, 10, 10, 5),
        (120_000, 10, 10, 10),
        (-5_000, 4, 3, 3),  # the clock was set back
    ],
)
async def test_the_window_before_counts_by_the_share_that_is_left(
    judge: Judge, age_ms: int, current: int, previous: int, passes: int
) -> None:
    write(WIDE, age_ms=age_ms, current=current, previous=previous)
    verdicts = [await fresh_verdict(judge, WIDE) for _ in range(11)]
    assert sum(verdict.is_allowed for verdict in verdicts) == passes


@pytest.mark.parametrize("limit", [1, 3, 10])
@pytest.mark.parametrize(
    ("age_ms", "share_now", "share_before"),
    [(0, 1, 0), (20_000, 1, 0), (20_000, 0, 2), (40_000, 1, 1), (5_000, 0.5, 1)],
)
async def test_a_refusal_says_to_the_millisecond_when_to_ask_again(
    judge: Judge, limit: int, age_ms: int, share_now: float, share_before: float
) -> None:
    tier = WIDE._replace(limit=limit)
    counts = {"current": round(limit * share_now), "previous": limit * round(share_before)}
    refused = await judged_at(judge, tier, age_ms, **counts)
    assert not refused.is_allowed
    instant = age_ms + refused.wait_ms
    assert not (await judged_at(judge, tier, instant - 2 * QUICK_MS, **counts)).is_allowed
    assert (await judged_at(judge, tier, instant + QUICK_MS, **counts)).is_allowed


async def test_all_tiers_take_one_round_trip(judge: Judge) -> None:
    await fresh_verdict(judge, WIDE, NARROW)
    before = round_trips()
    await fresh_verdict(judge, *(WIDE._replace(key=f"test:{n}") for n in range(4)))
    assert round_trips() == before + 1


async def test_those_who_come_together_are_judged_together_and_in_their_order(
    judge: Judge,
) -> None:
    tier = WIDE._replace(limit=30)
    await fresh_verdict(judge, NARROW)
    before = round_trips()
    verdicts = await asyncio.gather(*(judge.judge((tier,)) for _ in range(250)))
    allowed = [bool(verdict and verdict.is_allowed) for verdict in verdicts]
    assert allowed == [True] * 30 + [False] * 220
    assert round_trips() - before == 3  # of at most 100


async def test_whoever_hangs_up_takes_nobodys_answer_along(judge: Judge) -> None:
    first = asyncio.create_task(judge.judge((WIDE,)))
    second = asyncio.create_task(judge.judge((WIDE,)))
    await asyncio.sleep(0)  # both wait now
    first.cancel()
    verdict = await second
    assert first.cancelled()
    assert verdict
    assert verdict.is_allowed


async def test_counters_are_gone_when_they_no_longer_count(judge: Judge) -> None:
    await fresh_verdict(judge, WIDE)
    ttl = get_redis_connection().pttl(WIDE.key)
    assert 2 * MINUTE_MS - 5_000 < ttl <= 2 * MINUTE_MS


async def test_a_forgotten_script_is_sent_again(judge: Judge) -> None:
    await fresh_verdict(judge, NARROW)
    get_redis_connection().script_flush()
    assert (await fresh_verdict(judge, NARROW)).remaining == 1


async def test_a_flush_gives_everybody_a_new_budget(judge: Judge) -> None:
    for _ in range(4):
        await fresh_verdict(judge, NARROW)
    get_redis_connection().flushall()
    assert (await fresh_verdict(judge, NARROW)).remaining == 2


async def test_a_refusal_is_remembered_until_its_instant_and_not_longer(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr(judge_module, "monotonic", lambda: now)
    for _ in range(4):
        refused = await judge.judge((WIDE, NARROW))
    assert refused
    before = round_trips()
    again = await judge.judge((WIDE, NARROW))
    assert again == refused._replace(reset_ms=refused.wait_ms)
    assert round_trips() == before
    now += refused.wait_ms / 1000
    await judge.judge((WIDE, NARROW))
    assert round_trips() == before + 1


def test_the_memory_of_refusals_is_bounded() -> None:
    memory = Exhausted(2)
    tiers = [WIDE._replace(key=f"test:{n}") for n in range(3)]
    for tier in tiers:
        memory.remember(Verdict(False, tier, 0, 0, 5_000))
    assert [memory.find((tier,)) is not None for tier in tiers] == [False, True, True]


# --- Budget in advance --------------------------------------------------------------------------

AMPLE = Tier("ample", "test:ample", 100_000)


async def crowd(judge: Judge, tier: Tier, number: int) -> int:
    """So many ask at once; how many of them pass."""
    verdicts = await asyncio.gather(*(judge.judge((tier,)) for _ in range(number)))
    return sum(verdict is not None and verdict.is_allowed for verdict in verdicts)


def counted(tier: Tier) -> int:
    """How many Redis has counted in the window under way."""
    value: bytes = get_redis_connection().get(tier.key)
    return int(value.split()[1])


async def test_a_crowd_asks_redis_once_for_many(judge: Judge) -> None:
    await crowd(judge, AMPLE, 50)
    before = round_trips()
    assert await crowd(judge, AMPLE, 49) == 49
    assert round_trips() == before
    assert counted(AMPLE) == 99


class Clock:
    """The one that advances are timed with, to be set."""

    now = 1_000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(advances, "monotonic", lambda: clock.now)
    return clock


async def test_budget_that_was_taken_and_not_used_is_lost_in_the_end(
    judge: Judge, clock: Clock
) -> None:
    await crowd(judge, AMPLE, 50)
    clock.now += advances.GOOD_FOR_SECONDS + 0.01
    before = round_trips()
    await judge.judge((AMPLE,))
    assert round_trips() == before + 1


async def test_a_crowd_that_comes_back_after_an_hour_asks_redis_once_for_many_again(
    judge: Judge, clock: Clock
) -> None:
    await crowd(judge, AMPLE, 50)
    clock.now += 3_600
    await crowd(judge, AMPLE, 50)
    before = round_trips()
    assert await crowd(judge, AMPLE, 49) == 49
    assert round_trips() == before


async def test_whoever_comes_alone_takes_nothing_in_advance(judge: Judge) -> None:
    for number in (1, 2, 3):
        await judge.judge((AMPLE,))
        assert counted(AMPLE) == number


async def test_what_is_left_goes_down_by_one_with_each_request(judge: Judge) -> None:
    await crowd(judge, AMPLE, 3)
    told = [await judge.judge((AMPLE,)) for _ in range(3)]
    assert [verdict and verdict.remaining for verdict in told] == [99_996, 99_995, 99_994]


async def test_crowds_in_several_processes_let_exactly_the_limit_pass(judge: Judge) -> None:
    others = Judge(settings.REDIS_URL)
    tier = AMPLE._replace(limit=1_000)
    passed = 0
    for _ in range(15):
        passed += await crowd(judge, tier, 60)
        passed += await crowd(others, tier, 40)
    await others.close()
    assert passed == 1_000


def test_the_memory_of_advances_is_bounded() -> None:
    memory = Advances(2)
    callers = [(WIDE._replace(key=f"test:{n}"),) for n in range(3)]
    for caller in callers:
        memory.keep(caller, Verdict(True, caller[0], 9, 5_000, 0), 1)
    assert [memory.use(caller) is not None for caller in callers] == [False, True, True]
