"""Django behind a lasting pool of threads, as an ASGI application.

A thread is taken for what Django itself does and for nothing else: the body of the request is there
before (`evently.gateway.bodies`), and the answer is sent by the event loop, however slowly its
client reads. Requests wait for a thread in a bounded queue. Long answers that are made while they
are sent (exports) have a thread of their own each, and there are few of those.
"""

import asyncio
import io
import logging
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import lru_cache, partial
from time import monotonic
from typing import Any

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.db import InterfaceError, OperationalError, connections

from evently.deadlines import ANSWER_SECONDS, DATABASE_SECONDS, deadline, patience
from evently.gateway.metrics import REFUSED
from evently.gateway.refusals import refuse
from evently.gateway.threads import Full, HungUp, Threads, until_left

logger = logging.getLogger(__name__)

# Long answers under way at one time.
MOST_STREAMS = 4
# A client that takes no part of an answer for so long is not waited for any more.
CLIENT_SECONDS = 10.0
PART_BYTES = 64 * 1024
DATABASE_OUT = (OperationalError, InterfaceError)

Headers = list[tuple[bytes, bytes]]
Environ = dict[str, Any]


@dataclass(slots=True)
class Answer:
    """What Django answered; `body` is None when `response` gives it part by part."""

    status: int
    headers: Headers
    body: bytes | None
    response: Any
    # In which Django worked: with the language and the time zone that it chose.
    context: Context


class DjangoInThreads:
    """The ASGI application.

    Args:
        django: Django's WSGI application.
    """

    def __init__(self, django: Any, threads: Threads) -> None:
        self._django = django
        self.threads = threads
        self._streams = 0

    async def __call__(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        began = monotonic()
        message = await receive()
        if message["type"] != "http.request":
            return
        environ = environ_of(scope, message["body"])
        try:
            await self.threads.take(environ.get("REMOTE_ADDR", ""), receive)
        except HungUp:
            return
        except Full as full:
            await refuse(scope, receive, send, 503, full.reason)
            return
        asked = await self.threads.run(
            partial(self._ask_django, environ, copy_context(), began + DATABASE_SECONDS),
            until=began + ANSWER_SECONDS,
        )
        if not asked.done():
            asked.add_done_callback(_drop)
            await refuse(scope, receive, send, 503, "out-of-time")
            return
        answer = asked.result()
        if answer.body is None:
            await self._send_long(answer, scope, receive, send)
        else:
            await _start(send, answer)
            await _send_part(send, answer.body, is_last=True)

    def _ask_django(self, environ: Environ, context: Context, until: float) -> Answer:
        """In a thread: the whole answer, or the beginning of a long one."""
        with deadline(until):
            return context.run(self._answer, environ, context)

    def _answer(self, environ: Environ, context: Context) -> Answer:
        started: list[Any] = []
        response = self._django(environ, lambda *start: started.extend(start))
        status, headers = int(started[0].split(" ", 1)[0]), _encoded(started[1])
        is_head = environ["REQUEST_METHOD"] == "HEAD"
        if response.streaming and not is_head:
            return Answer(status, headers, None, response, context)
        try:
            body = b"" if is_head else response.content
            return Answer(status, headers, body, response, context)
        finally:
            response.close()

    async def _send_long(
        self,
        answer: Answer,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
    ) -> None:
        """A file is read by the event loop; what is made meanwhile has a thread of its own."""
        file = getattr(answer.response, "file_to_stream", None)
        if file is None and self._streams >= MOST_STREAMS:
            answer.response.close()
            await refuse(scope, receive, send, 503, "streams-full")
            return
        parts = _FileParts(answer) if file else _StreamParts(answer)
        self._streams += file is None
        leaving = asyncio.ensure_future(until_left(receive))
        try:
            first = await parts.next()
            await _start(send, answer)
            await _send_parts(send, first, parts, leaving)
        except DATABASE_OUT:
            await refuse(scope, receive, send, 503, "database-out")
        finally:
            leaving.cancel()
            self._streams -= file is None
            parts.close()


def environ_of(scope: HTTPScope, body: bytes) -> Environ:
    """The request as WSGI has it (PEP 3333), with a body that is there already."""
    server, client = scope.get("server") or ("localhost", 80), scope.get("client")
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope["root_path"].encode().decode("latin1"),
        "PATH_INFO": scope["path"].encode().decode("latin1"),
        "QUERY_STRING": scope["query_string"].decode("latin1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if client:
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
    for name, value in scope["headers"]:
        # `X_Real` would arrive under the name of `X-Real`, which only a proxy of ours may send.
        if b"_" not in name:
            key = _environ_key(name)
            text = value.decode("latin1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    if "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ:
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


@lru_cache(maxsize=256)
def _environ_key(name: bytes) -> str:
    key = name.decode("latin1").upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"


def _encoded(headers: list[tuple[str, str]]) -> Headers:
    return [
        (name.strip().lower().encode("latin1"), value.strip().encode("latin1"))
        for name, value in headers
    ]


class _FileParts:
    """Of a file on this machine, most likely in memory already: the event loop reads it."""

    def __init__(self, answer: Answer) -> None:
        self._response = answer.response

    async def next(self) -> bytes:
        part: bytes = self._response.file_to_stream.read(PART_BYTES)
        return part

    def close(self) -> None:
        self._response.close()


class _StreamParts:
    """Made one by one in a thread that ends with the answer: its database connection, too."""

    def __init__(self, answer: Answer) -> None:
        self._response = answer.response
        self._context = answer.context
        self._parts: Iterator[bytes] = iter(answer.response)
        self._thread = ThreadPoolExecutor(1, "stream")

    async def next(self) -> bytes:
        """The next part; empty after the last."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._context.run, self._make)

    def close(self) -> None:
        self._thread.submit(self._context.run, self._end)
        self._thread.shutdown(wait=False)

    def _make(self) -> bytes:
        with patience():
            return next((part for part in self._parts if part), b"")

    def _end(self) -> None:
        self._response.close()
        connections.close_all()


async def _send_parts(
    send: ASGISendCallable,
    first: bytes,
    parts: _FileParts | _StreamParts,
    leaving: "asyncio.Future[None]",
) -> None:
    """Send all of it; the rest is left out when the client hangs up or takes nothing for long, or
    when the database is out. Then the answer is never completed, by which the client knows.
    """
    part = first
    try:
        while part and not leaving.done():
            async with asyncio.timeout(CLIENT_SECONDS):
                await _send_part(send, part, is_last=False)
            part = await parts.next()
        if not part:
            await _send_part(send, b"", is_last=True)
    except (TimeoutError, *DATABASE_OUT) as error:
        REFUSED.labels("answer-cut").inc()
        logger.warning("A long answer was cut: %r", error)


async def _start(send: ASGISendCallable, answer: Answer) -> None:
    start: Any = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": answer.headers,
    }
    await send(start)


async def _send_part(send: ASGISendCallable, body: bytes, *, is_last: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": not is_last})


def _drop(done: "asyncio.Future[Answer]") -> None:
    """Close an answer that came too late; what it failed with was told by Django already."""
    if not done.cancelled() and not done.exception() and done.result().body is None:
        done.result().response.close()
