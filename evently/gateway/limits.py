"""How often one may ask: `RateLimit-*` on every answer, and 429 with `Retry-After` beyond.

Without Redis everybody may pass, and `evently_rate_limit_skipped_total` says how many did.
"""

import asyncio
import math
from collections.abc import Awaitable
from functools import cache
from typing import Any, NamedTuple

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from prometheus_client import Counter

from evently.gateway.advances import Verdict
from evently.gateway.callers import SHOWN, bearer_of, session_key_of
from evently.gateway.judge import Judge
from evently.gateway.metrics import LIMIT_ALLOWED, LIMIT_REFUSED, LIMIT_SKIPPED
from evently.gateway.refusals import refuse
from evently.gateway.replies import STARTS, Headers, with_headers
from evently.gateway.sessions import Sessions
from evently.gateway.tiers import DUE, SAFE, Tier, shared_tier_of, static_tiers_of, tiers_of

# A refusal is sent this late. A client that asks again at once would otherwise keep the processor
# busy with refusals (nginx holds back what is too much by `limit_req` in the same way).
REFUSED_AFTER_SECONDS = 1.0


class Due(NamedTuple):
    """Budgets that a request uses only if it comes past the edge cache, and who judges them."""

    judge: Judge
    tiers: tuple[Tier, ...]


class RateLimits:
    """Judges every request before anything else is done for it.

    What the edge cache may answer uses no part of everybody's budget yet: `SharedLimit` stands
    behind the cache.
    """

    def __init__(self, inner: ASGI3Application) -> None:
        self.inner = inner
        self._static_url: str = settings.STATIC_URL
        self._loop: asyncio.AbstractEventLoop | None = None
        self._judge: Judge
        self._sessions: Sessions

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "lifespan":
            await self.inner(scope, receive, send)
            return
        self._connect()
        tiers, shared = await self._tiers_of(scope)
        verdict = self._judge.known(tiers) or await self._judge.judge(tiers)
        if verdict is None:
            LIMIT_SKIPPED.inc()
            await self.inner(scope, receive, send)
        elif verdict.is_allowed:
            _allowed(tiers[-1].name).inc()
            if shared:
                scope[DUE] = Due(self._judge, shared)  # type: ignore[literal-required]
            await self.inner(scope, receive, _telling(send, verdict))
        else:
            await _refuse(verdict, scope, receive, send)

    async def close(self) -> None:
        """Hang up on Redis."""
        self._connect()
        await self._judge.close()
        await self._sessions.close()

    def _connect(self) -> None:
        """Each event loop has its own connections to Redis."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._judge, self._sessions = Judge(settings.REDIS_URL), Sessions(settings.REDIS_URL)

    async def _tiers_of(self, scope: Any) -> tuple[tuple[Tier, ...], tuple[Tier, ...]]:
        """The budgets to judge by now, and those that are due past the edge cache."""
        if scope["path"].startswith(self._static_url):
            return static_tiers_of(scope), ()
        person = await self._person_of(scope)
        own, shared = tiers_of(scope, person), (shared_tier_of(scope, person),)
        may_be_kept = scope["type"] == "http" and scope["method"] in SAFE
        return (own, shared) if may_be_kept else (shared + own, ())

    async def _person_of(self, scope: Any) -> str:
        """Stands for whoever is logged in; empty for strangers, whatever they claim to be."""
        if SHOWN.isdisjoint(dict(scope["headers"])):
            return ""
        if bearer := bearer_of(scope):
            return bearer
        key = session_key_of(scope)
        owner = await self._sessions.find_owner(key) if key else ""
        return f"user:{owner}" if owner else ""


class SharedLimit:
    """Judges what came past the edge cache by everybody's budget."""

    def __init__(self, inner: ASGI3Application) -> None:
        self.inner = inner

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        due: Any = scope.get(DUE)
        if due:
            verdict = due.judge.known(due.tiers) or await due.judge.judge(due.tiers)
            if verdict and not verdict.is_allowed:
                await _refuse(verdict, scope, receive, send)
                return
        await self.inner(scope, receive, send)


def _telling(send: ASGISendCallable, verdict: Verdict) -> ASGISendCallable:
    def tell(message: Any) -> Awaitable[None]:
        # A refusal from further inside tells of the limit that refuses.
        if message["type"] in STARTS and message.get("status") != 429:
            message = with_headers(message, _headers(verdict))
        return send(message)

    return tell


async def _refuse(
    verdict: Verdict, scope: Any, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    LIMIT_REFUSED.labels(verdict.tier.name).inc()
    await asyncio.sleep(REFUSED_AFTER_SECONDS)
    seconds = _seconds(verdict.wait_ms)
    await refuse(
        scope,
        receive,
        send,
        429,
        "rate-limited",
        headers=_headers(verdict),
        detail=format_lazy(_("Ask again in {seconds} s."), seconds=seconds),
        facts={"retry_after_seconds": seconds, "limit": verdict.tier.name},
    )


@cache
def _allowed(endpoint: str) -> Counter:
    """The counter of an endpoint, which is slow to find."""
    return LIMIT_ALLOWED.labels(endpoint)


def _headers(verdict: Verdict) -> Headers:
    """As draft-ietf-httpapi-ratelimit-headers has them, up to its version 07."""
    return [
        (b"ratelimit-limit", b"%d" % verdict.tier.limit),
        (b"ratelimit-remaining", b"%d" % verdict.remaining),
        (b"ratelimit-reset", b"%d" % _seconds(max(verdict.reset_ms, verdict.wait_ms))),
    ]


def _seconds(ms: int) -> int:
    return math.ceil(ms / 1000)
