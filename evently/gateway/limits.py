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
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from prometheus_client import Counter

from evently.api.problem import framework_problem, is_api
from evently.gateway.advances import Verdict
from evently.gateway.judge import Judge
from evently.gateway.metrics import LIMIT_ALLOWED, LIMIT_REFUSED, LIMIT_SKIPPED
from evently.gateway.replies import (
    STARTS,
    Headers,
    for_other_origins,
    light_request,
    send_response,
    with_headers,
)
from evently.gateway.tiers import tiers_of
from evently.languages import language_of

TRY_AGAIN_LATER = 1013


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
    tell = _telling(send, verdict)
    if scope["type"] == "http":
        await send_response(tell, _refusal(verdict, scope))
        return
    await receive()
    if "websocket.http.response" in (scope.get("extensions") or {}):
        await send_response(tell, _refusal(verdict, scope), kind="websocket.http")
    else:
        await send({"type": "websocket.close", "code": TRY_AGAIN_LATER, "reason": None})


def _refusal(verdict: Verdict, scope: Any) -> HttpResponse:
    """To programs a problem, to browsers a page."""
    request = light_request(scope)
    seconds = _seconds(verdict.wait_ms)
    language = language_of(request)
    if not is_api(request) and "text/html" in request.META.get("HTTP_ACCEPT", ""):
        return HttpResponse(_page(language), status=429, headers={"Retry-After": str(seconds)})
    with translation.override(language):
        response = framework_problem(
            429,
            detail=_("Ask again in {seconds} s.").format(seconds=seconds),
            facts={"retry_after_seconds": seconds, "limit": verdict.tier.name},
        )
    return for_other_origins(request, response)


@cache
def _allowed(endpoint: str) -> Counter:
    """The counter of an endpoint, which is slow to find."""
    return LIMIT_ALLOWED.labels(endpoint)


@cache
def _page(language: str) -> str:
    with translation.override(language):
        return render_to_string("failures/429.html")


def _headers(verdict: Verdict) -> Headers:
    """As draft-ietf-httpapi-ratelimit-headers has them, up to its version 07."""
    return [
        (b"ratelimit-limit", b"%d" % verdict.tier.limit),
        (b"ratelimit-remaining", b"%d" % verdict.remaining),
        (b"ratelimit-reset", b"%d" % _seconds(max(verdict.reset_ms, verdict.wait_ms))),
    ]


def _seconds(ms: int) -> int:
    return math.ceil(ms / 1000)
