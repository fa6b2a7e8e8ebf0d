"""An edge cache of a test's own, before Django or before a function that counts."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.db import connections

from evently.gateway.edge import EdgeCache
from evently.gateway.threads import Threads
from evently.gateway.wsgi import DjangoInThreads
from tests.promises import PATIENCE_SECONDS


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Clock:
    """Stands in for `time` in the edge cache: only a test makes it go on, but for a microsecond
    at each look."""

    def __init__(self) -> None:
        self._now = time.monotonic()

    def monotonic(self) -> float:
        self._now += 1e-6
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds


class Visitor:
    """Asks an ASGI application, with headers as keyword arguments."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        path, _, query = path.partition("?")
        sent = {"host": "testserver", **{n.replace("_", "-"): v for n, v in headers.items()}}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(n.encode(), v.encode()) for n, v in sent.items()],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
        }
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        await self.application(scope, receive, send)
        told = [(n.decode(), v.decode()) for n, v in messages[0]["headers"]]
        body = b"".join(message.get("body", b"") for message in messages[1:])
        return Answer(messages[0]["status"], dict(told), body)


class Site(Visitor):
    """Django behind an edge cache; `asked` are the requests that came through to it."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.django = DjangoInThreads(get_wsgi_application(), Threads(1))
        super().__init__(EdgeCache(self.pass_on))

    async def pass_on(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope)
        await self.django(scope, receive, send)

    async def close(self) -> None:
        await asyncio.wrap_future(self.django.threads.executor.submit(connections.close_all))
        self.django.threads.executor.shutdown()


@dataclass
class Source:
    """Answers each path with a number that grows; every path is public.

    Args:
        gate: what an answer waits for, after the number is drawn.
    """

    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    tags: bytes = b"events"
    seconds: int = 60
    number: int = 0
    gate: asyncio.Event | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.number += 1
        body = self.body or str(self.number).encode()
        headers = [
            *self.headers,
            (b"surrogate-control", b"max-age=%d" % self.seconds),
            (b"surrogate-key", self.tags),
            (b"content-type", b"text/plain"),
        ]
        if self.gate:
            await self.gate.wait()
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


async def hearing(source: Source) -> Visitor:
    """A visitor of a cache that hears what changes by now."""
    visitor = Visitor(EdgeCache(source))
    await visitor.ask("/first")
    await until(visitor.application._hears_purges)
    await asyncio.sleep(0)
    source.number = 0
    return visitor


async def until(is_true: Callable[[], object]) -> None:
    """Wait until a condition holds; raises TimeoutError when that takes too long."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)
