"""/health/live, /health/ready and /metrics: whether this process runs, whether it can sell, and its
figures.

Ready is 200 as long as seats can be sold, with `status` "degraded" when a part is out; it is 503
without the database. Operators (`settings.METRICS_NETWORKS`, `METRICS_TOKEN`) are told which part,
and get the metrics; others get the status alone. No thread of Django is needed for any of it.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, TypeVar

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from django.conf import settings
from django.db import close_old_connections, connections
from django.http import HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from evently import parts
from evently.deadlines import deadline
from evently.figures import metrics_text
from evently.gateway.callers import header_of
from evently.gateway.clients import is_address_known
from evently.gateway.refusals import refuse
from evently.gateway.replies import is_secure, send_response
from evently.gateway.threads import Threads, django_threads
from evently.headers import protect
from evently.networks import parse_address

LIVE, READY, METRICS = "/health/live", "/health/ready", "/metrics"
PATIENCE_SECONDS = 8.0
# All parts together may wait for the database for so long.
DATABASE_SECONDS = 6.0
# For so long all threads may be busy before that is worth a word.
FULL_SECONDS = 2.0

Found = TypeVar("Found")


class HealthGate:
    """Answers these addresses and hands everything else on."""

    def __init__(self, inner: ASGI3Application) -> None:
        self.inner = inner
        self._parts = _Shared(parts.check_parts)
        self._metrics = _Shared(metrics_text)

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path == LIVE:
            await self._reply(scope, send, JsonResponse({"status": "ok"}))
        elif path == READY:
            await self._reply(scope, send, await self._ready(scope))
        elif path == METRICS and not is_operator(scope):
            await refuse(scope, receive, send, 404, "not-an-operator")
        elif path == METRICS:
            text = await self._metrics.ask()
            await self._reply(scope, send, HttpResponse(text, content_type=CONTENT_TYPE_LATEST))
        else:
            await self.inner(scope, receive, send)
            if scope["type"] == "lifespan":
                await asyncio.to_thread(self._close)

    async def _ready(self, scope: Any) -> HttpResponse:
        try:
            found = await asyncio.wait_for(self._parts.ask(), PATIENCE_SECONDS)
        except TimeoutError:
            found = {"database": {"status": "down"}}
        found = {**found, "threads": _check_threads(django_threads())}
        status = parts.overall(found)
        told = {"status": status, "parts": found} if is_operator(scope) else {"status": status}
        response = JsonResponse(told, status=503 if status == "down" else 200)
        if status == "down":
            response.headers["Retry-After"] = "2"
        return response

    async def _reply(self, scope: Any, send: ASGISendCallable, response: HttpResponse) -> None:
        response.headers["Cache-Control"] = "no-store"
        await send_response(send, protect(response, is_secure=is_secure(scope)))

    def _close(self) -> None:
        self._parts.close()
        self._metrics.close()


def is_operator(scope: Any) -> bool:
    """Whether the request comes from a network in `METRICS_NETWORKS`, or with `METRICS_TOKEN`.

    Behind a proxy that is not trusted every address is the proxy's: it says nothing then.
    """
    token = settings.METRICS_TOKEN
    shown = header_of(scope, b"authorization")
    if token and hmac.compare_digest(shown, b"Bearer " + token.encode()):
        return True
    client = scope.get("client")
    address = parse_address(client[0]) if client and is_address_known(scope) else None
    return address is not None and any(address in network for network in settings.METRICS_NETWORKS)


def _check_threads(threads: Threads) -> parts.Finding:
    """Whether requests find a thread of Django in this process."""
    return {
        "status": "down" if threads.full_seconds > FULL_SECONDS else "ok",
        "threads": threads.number,
        "busy": threads.busy,
        "waiting": threads.waiting,
    }


class _Shared:
    """Asks something in a thread of its own; who asks meanwhile gets the same answer."""

    def __init__(self, look: Callable[[], Found]) -> None:
        self._look = look
        self._thread = ThreadPoolExecutor(1, "operators")
        self._asked: asyncio.Future[Any] | None = None

    def ask(self) -> Awaitable[Any]:
        if self._asked is None:
            loop = asyncio.get_running_loop()
            self._asked = loop.run_in_executor(self._thread, self._work)
            self._asked.add_done_callback(self._forget)
        return asyncio.shield(self._asked)

    def close(self) -> None:
        self._thread.submit(connections.close_all)
        self._thread.shutdown()

    def _forget(self, _: Any) -> None:
        self._asked = None

    def _work(self) -> Any:
        with deadline(monotonic() + DATABASE_SECONDS):
            close_old_connections()
            return self._look()
