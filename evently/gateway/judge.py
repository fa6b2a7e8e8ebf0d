"""Asks Redis whether requests are within their limits: all tiers of a request in one round trip.

The algorithm is the sliding window counter, as the documentation of the package `limits` describes
it; why it is not that package: `docs/decisions/0008-rate-limits.md`.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from evently.breaker import Breaker
from evently.gateway.advances import Advances, Verdict
from evently.gateway.tiers import Tier

logger = logging.getLogger(__name__)

SCRIPT = Path(__file__).with_name("sliding_windows.lua").read_text()
WINDOW_MS = 60_000
PATIENCE_SECONDS = 0.25
PAUSE_SECONDS = 1.0
LARGEST_BATCH = 100
LARGEST_MEMORY = 10_000
# How many the script gives for each request.
FIGURES = 6

Tiers = tuple[Tier, ...]


def quick_redis(url: str) -> Redis:
    """A client that gives up soon: who asks here must not wait for a Redis that hangs."""
    return Redis.from_url(
        url,
        socket_connect_timeout=PATIENCE_SECONDS,
        socket_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class Judge:
    """Belongs to one event loop; requests that come while an answer is under way go together."""

    def __init__(self, url: str, *, window_ms: int = WINDOW_MS) -> None:
        self._redis = quick_redis(url)
        self._script = self._redis.register_script(SCRIPT)
        self._window_ms = window_ms
        self._turn = asyncio.Lock()
        self._boarding: _Batch | None = None
        self._breaker = Breaker(pause=PAUSE_SECONDS)
        self._is_out = False
        self._exhausted = Exhausted(LARGEST_MEMORY)
        self._advances = Advances(LARGEST_MEMORY)

    async def judge(self, tiers: Tiers) -> Verdict | None:
        """The verdict on a request that falls under these tiers; None when Redis is out."""
        if known := self.known(tiers):
            return known
        # While one batch looks whether Redis is back, nobody else waits.
        if self._breaker.is_open or (self._is_out and self._turn.locked()):
            return None
        batch = self._boarding
        if batch is None or len(batch.requests) >= LARGEST_BATCH:
            batch = self._boarding = _Batch(self._send)
        verdict = await batch.add(tiers)
        if verdict and not verdict.is_allowed:
            self._exhausted.remember(verdict)
        return verdict

    def known(self, tiers: Tiers) -> Verdict | None:
        """A verdict for which nobody need be asked or waited for."""
        return self._exhausted.find(tiers) or self._advances.use(tiers)

    async def close(self) -> None:
        await self._redis.aclose()

    async def _send(self, batch: "_Batch") -> None:
        answers = None
        try:
            async with self._turn:
                if self._boarding is batch:
                    self._boarding = None
                if not self._breaker.is_open:
                    answers = await self._ask(batch.requests)
        finally:
            batch.tell(answers)

    async def _ask(self, requests: Sequence[Tiers]) -> list[Verdict] | None:
        tiers = list(dict.fromkeys(tier for asked in requests for tier in asked))
        wishes = self._wishes(requests)
        try:
            numbers = self._numbers(tiers, requests, wishes)
            answer: bytes = await self._script(keys=[tier.key for tier in tiers], args=[numbers])
        except (RedisError, OSError) as error:
            self._note(is_out=True, error=error)
            return None
        self._note(is_out=False)
        figures = [int(word) for word in answer.split()]
        verdicts = []
        for place, asked in enumerate(requests):
            *found, given = figures[place * FIGURES : (place + 1) * FIGURES]
            verdicts.append(_verdict(asked, *found))
            if wishes[place]:
                self._advances.keep(asked, verdicts[-1], given)
        return verdicts

    def _wishes(self, requests: Sequence[Tiers]) -> list[int]:
        """How much budget to take in advance with each request: with the last of its kind."""
        numbers = Counter(requests)
        last = {asked: place for place, asked in enumerate(requests)}
        return [
            self._advances.wish(asked, numbers[asked]) if last[asked] == place else 0
            for place, asked in enumerate(requests)
        ]

    def _numbers(
        self, tiers: Sequence[Tier], requests: Sequence[Tiers], wishes: Sequence[int]
    ) -> str:
        number_of = {tier: number for number, tier in enumerate(tiers, 1)}
        numbers = [self._window_ms, *(tier.limit for tier in tiers)]
        for asked, wish in zip(requests, wishes, strict=True):
            numbers += wish, len(asked)
            numbers += (number_of[tier] for tier in asked)
        return " ".join(map(str, numbers))

    def _note(self, *, is_out: bool, error: Any = None) -> None:
        if is_out:
            self._breaker.trip()
        if is_out and not self._is_out:
            logger.warning("Rate limits are open: Redis is out: %s", error)
        elif self._is_out and not is_out:
            logger.warning("Rate limits hold again: Redis is back")
        self._is_out = is_out


class Exhausted:
    """Which tiers have nothing to give until when. They refuse without asking Redis: until then
    no budget comes back.

    Args:
        size: how many are remembered; the oldest is forgotten first, and Redis asked again.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._until: dict[Tier, float] = {}

    def remember(self, verdict: Verdict) -> None:
        if len(self._until) >= self._size:
            del self._until[next(iter(self._until))]
        self._until[verdict.tier] = monotonic() + verdict.wait_ms / 1000

    def find(self, tiers: Tiers) -> Verdict | None:
        """The refusal by the one of these tiers that refuses longest."""
        if not self._until:
            return None
        until, tier = max((self._until.get(tier, 0.0), tier) for tier in tiers)
        wait_ms = round((until - monotonic()) * 1000)
        if wait_ms <= 0:
            self._until.pop(tier, None)
            return None
        return Verdict(False, tier, remaining=0, reset_ms=wait_ms, wait_ms=wait_ms)


class _Batch:
    """Requests that go to Redis together."""

    def __init__(self, send: "Callable[[_Batch], Coroutine[Any, Any, None]]") -> None:
        self.requests: list[Tiers] = []
        self._waiting: list[asyncio.Future[Verdict | None]] = []
        self._sending = asyncio.create_task(send(self))

    def add(self, tiers: Tiers) -> "asyncio.Future[Verdict | None]":
        """What will be answered to this request."""
        answer: asyncio.Future[Verdict | None] = asyncio.get_running_loop().create_future()
        self.requests.append(tiers)
        self._waiting.append(answer)
        return answer

    def tell(self, answers: Sequence[Verdict] | None) -> None:
        """Answer all, but those who hung up; None: Redis is out."""
        for place, waiting in enumerate(self._waiting):
            if not waiting.done():
                waiting.set_result(answers[place] if answers else None)


def _verdict(tiers: Tiers, allowed: int, place: int, *figures: int) -> Verdict:
    return Verdict(bool(allowed), tiers[place], *figures)
