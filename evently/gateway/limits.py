"""How often one may ask: `RateLimit-*` on every answer, and 429 with `Retry-After` beyond.

Without Redis everybody may pass, and `evently_rate_limit_skipped_total` says how many did.
"""

import asyncio
import math
from collections.abc import Awaitable
from functools import cache
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from prometheus_client import Counter

from evently.gateway.advances import Verdict
from evently.gateway.judge import Judge
from evently.gateway.metrics import LIMIT_ALLOWED, LIMIT_REFUSED, LIMIT_SKIPPED
from evently.gateway.refusals import refuse
from evently.gateway.replies import STARTS, Headers, with_headers
from evently.gateway.tiers import tiers_of


class RateLimits:
    """Judges every request but those for static files, before anything else is done for it."""

    def __init__(self, inner: ASGI3Application) -> None:
        self.inner = inner
        self._static_url: str = settings.STATIC_URL
        self._loop: asyncio.AbstractEventLoop | None = None
        self._judge: Judge

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "lifespan" or scope["path"].startswith(self._static_url):
            await self.inner(scope, receive, send)
            return
        tiers = tiers_of(scope)
        judge = self.judge
        verdict = judge.known(tiers) or await judge.judge(tiers)
        if verdict is None:
            LIMIT_SKIPPED.inc()
            await self.inner(scope, receive, send)
        elif verdict.is_allowed:
            _allowed(tiers[-1].name).inc()
            await self.inner(scope, receive, _telling(send, verdict))
        else:
            LIMIT_REFUSED.labels(verdict.tier.name).inc()
            await _refuse(verdict, scope, receive, send)

    @property
    def judge(self) -> Judge:
        """That of the running event loop, with its own connection to Redis."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._judge = loop, Judge(settings.REDIS_URL)
        return self._judge


def _telling(send: ASGISendCallable, verdict: Verdict) -> ASGISendCallable:
    def tell(message: Any) -> Awaitable[None]:
        if message["type"] in STARTS:
            message = with_headers(message, _headers(verdict))
        return send(message)

    return tell


async def _refuse(
    verdict: Verdict, scope: Any, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    seconds = _seconds(verdict.wait_ms)
    await refuse(
        scope,
        receive,
        _telling(send, verdict),
        429,
        "rate-limited",
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
