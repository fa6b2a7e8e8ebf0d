"""Bodies of requests, collected here and bounded in size and time.

What stands behind this layer gets the whole body in one message: nothing there waits for a client.
"""

import asyncio
from collections.abc import Mapping
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
from evently.server.protocols import WHOLE_BODY

# From the end of the request's head to the end of its body.
PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 1.0
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
        self.waits = _Waits()

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http" or _is_small_and_whole(scope):
            await self.inner(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if HAS_BODY.isdisjoint(headers):
            await self.inner(scope, receive, send)
            return
        share = _Share(self)
        try:
            share.grow_to(_announced_size(headers))
            body = await self._collect(receive, share)
            if body is None:
                return
            if b"transfer-encoding" in headers:
                scope = _with_length(scope, len(body))
            await self.inner(scope, _once(body, receive), send)
        except _Refused as refused:
            await refuse(scope, receive, send, refused.status, refused.reason, hang_up=True)
        finally:
            share.give_back()

    async def _collect(self, receive: ASGIReceiveCallable, share: "_Share") -> bytes | None:
        """The whole body; None when the client hung up before its end."""
        try:
            async with asyncio.timeout(None) as wait:
                self.waits.begin(wait)
                return await _read(receive, share)
        except TimeoutError:
            raise _Refused(408, "body-too-slow") from None
        finally:
            self.waits.end(wait)


class _Waits:
    """Ends waits that take longer than `PATIENCE_SECONDS`, a second later at most.

    One timer for all: a timer for each body costs more than reading a small one.
    """

    def __init__(self) -> None:
        self._began: dict[asyncio.Timeout, float] = {}
        self._is_looking = False

    def begin(self, wait: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        self._began[wait] = loop.time()
        if not self._is_looking:
            self._look_again(loop)

    def end(self, wait: asyncio.Timeout) -> None:
        del self._began[wait]

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_looking = bool(self._began)
        if self._is_looking:
            loop.call_later(LOOK_SECONDS, self._end_overdue, loop)

    def _end_overdue(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for wait, began in self._began.items():
            if now - began > PATIENCE_SECONDS and not wait.expired():
                wait.reschedule(now)
        self._look_again(loop)


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
        if size <= max(SMALL_BYTES, self._bytes):
            return
        if size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise _Refused(413, "body-too-large")
        if self._bodies.held_bytes + size - self._bytes > ALL_LARGE_BYTES:
            raise _Refused(503, "bodies-full")
        self._bodies.held_bytes += size - self._bytes
        self._bytes = size

    def give_back(self) -> None:
        self._bodies.held_bytes -= self._bytes


async def _read(receive: ASGIReceiveCallable, share: _Share) -> bytes | None:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        share.grow_to(size)
        if not message.get("more_body", False):
            return b"".join(parts)


def _is_small_and_whole(scope: Any) -> bool:
    """Whether the server has it all already, as it has nearly every small body."""
    size = scope.get("extensions", {}).get(WHOLE_BODY)
    return size is not None and size <= SMALL_BYTES


def _announced_size(headers: Mapping[bytes, bytes]) -> int:
    """By Content-Length; 0 for a body in chunks, or for what Django will refuse as nonsense."""
    announced = headers.get(b"content-length", b"")
    return int(announced) if announced.isdigit() else 0


def _with_length(scope: Any, size: int) -> Scope:
    """As if the body had not come in chunks (RFC 9112, section 7.1.3)."""
    others = [pair for pair in scope["headers"] if pair[0] not in HAS_BODY]
    return cast(Scope, {**scope, "headers": [*others, (b"content-length", b"%d" % size)]})


def _once(body: bytes, receive: ASGIReceiveCallable) -> ASGIReceiveCallable:
    """A `receive` that gives the body first, and then says when the client hangs up."""
    given: list[ASGIReceiveEvent] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_body() -> ASGIReceiveEvent:
        return given.pop() if given else await receive()

    return receive_body
