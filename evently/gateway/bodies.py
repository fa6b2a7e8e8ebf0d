"""Bodies of requests, collected here and bounded in size and time.

What stands behind this layer gets the whole body in one message: nothing there waits for a client.
"""

import asyncio
from typing import Any, cast

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    Scope,
)
from django.conf import settings

from evently.gateway.refusals import refuse

# From the end of the request's head to the end of its body.
PATIENCE_SECONDS = 10.0
# Bodies up to this size are bounded by the number of connections alone; a booking has 100 bytes.
SMALL_BYTES = 16 * 1024
# What all larger ones that a process holds at one time may come to.
ALL_LARGE_BYTES = 64 * 2**20

HAS_BODY = frozenset({b"content-length", b"transfer-encoding"})


class Bodies:
    """Collects a body before anything else is done for its request, or refuses it.

    413: larger than `settings.DATA_UPLOAD_MAX_MEMORY_SIZE` bytes, as announced or as sent.
    408: not complete after `PATIENCE_SECONDS`.
    503: large, and others hold all the memory that there is for large ones.
    """

    def __init__(self, inner: ASGI3Application) -> None:
        self.inner = inner
        self.held_bytes = 0

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http" or HAS_BODY.isdisjoint(dict(scope["headers"])):
            await self.inner(scope, receive, send)
            return
        share = _Share(self)
        try:
            body = await _collect(scope, receive, share)
            if body is not None:
                await self.inner(_with_length(scope, len(body)), _once(body, receive), send)
        except _Refused as refused:
            await refuse(scope, receive, send, refused.status, refused.reason, hang_up=True)
        finally:
            share.give_back()


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class _Share:
    """What one body takes of the memory for large ones."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._bytes = 0

    def grow_to(self, size: int) -> None:
        """Make sure that there is room for a body of this size."""
        if size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise _Refused(413, "body-too-large")
        if size > max(SMALL_BYTES, self._bytes):
            if self._bodies.held_bytes + size - self._bytes > ALL_LARGE_BYTES:
                raise _Refused(503, "bodies-full")
            self._bodies.held_bytes += size - self._bytes
            self._bytes = size

    def give_back(self) -> None:
        self._bodies.held_bytes -= self._bytes


async def _collect(scope: Any, receive: ASGIReceiveCallable, share: _Share) -> bytes | None:
    """The whole body; None when the client hung up before its end."""
    share.grow_to(_announced_size(scope))
    parts, size = [], 0
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                share.grow_to(size)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise _Refused(408, "body-too-slow") from None


def _announced_size(scope: Any) -> int:
    """By Content-Length; 0 for a body in chunks, or for what Django will refuse as nonsense."""
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(announced) if announced.isdigit() else 0


def _with_length(scope: Any, size: int) -> Scope:
    """As if the body had not come in chunks (RFC 9112, section 7.1.3)."""
    headers = scope["headers"]
    if all(name != b"transfer-encoding" for name, _ in headers):
        return cast(Scope, scope)
    others = [pair for pair in headers if pair[0] not in HAS_BODY]
    return cast(Scope, {**scope, "headers": [*others, (b"content-length", b"%d" % size)]})


def _once(body: bytes, receive: ASGIReceiveCallable) -> ASGIReceiveCallable:
    """A `receive` that gives the body first, and then says when the client hangs up."""
    given: list[ASGIReceiveEvent] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_body() -> ASGIReceiveEvent:
        return given.pop() if given else await receive()

    return receive_body
