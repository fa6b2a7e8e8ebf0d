"""/health/live and /health/ready: whether this process runs, and whether it can sell.

Ready is 200 as long as seats can be sold, with `status` "degraded" and the names of the parts that
are out; it is 503 without the database. No secrets: no addresses, no error texts.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from channels.db import database_sync_to_async

from evently import parts

LIVE = "/health/live"
READY = "/health/ready"
PATIENCE_SECONDS = 8


class HealthGate:
    """Answers the health addresses and hands everything else on."""

    def __init__(self, inner: ASGI3Application) -> None:
        self.inner = inner

    def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> Awaitable[None]:
        if scope["type"] == "http" and scope["path"] in {LIVE, READY}:
            return _answer(scope["path"], send)
        return self.inner(scope, receive, send)


async def _answer(path: str, send: ASGISendCallable) -> None:
    await _send(send, *await _look(path))


async def _look(path: str) -> tuple[int, dict[str, Any]]:
    if path == LIVE:
        return 200, {"status": "ok"}
    check: Callable[[], Any] = database_sync_to_async(parts.check_parts, thread_sensitive=False)
    try:
        found = await asyncio.wait_for(check(), PATIENCE_SECONDS)
    except TimeoutError:
        return 503, {"status": "down", "parts": {}}
    status = parts.overall(found)
    return (503 if status == "down" else 200), {"status": status, "parts": found}


async def _send(send: ASGISendCallable, status: int, body: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if status == 503:
        headers.append((b"retry-after", b"2"))
    await send(
        {"type": "http.response.start", "status": status, "headers": headers, "trailers": False}
    )
    await send(
        {"type": "http.response.body", "body": json.dumps(body).encode(), "more_body": False}
    )
