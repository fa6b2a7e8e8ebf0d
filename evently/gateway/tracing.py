"""Every request has a name: the correlation id, in its answer, its log lines and its tasks.

The id comes from the header X-Request-ID, or is made here. Code reads it from the context variable
`asgi_correlation_id.correlation_id`, in Django's threads, too. The package's own middleware leaves
websockets without the header and warns of every id that it does not like, so it is not used.
"""

import random
import re
from collections.abc import Awaitable
from time import perf_counter
from typing import Any

from asgi_correlation_id import correlation_id
from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

from evently.gateway.access import Line, access_log
from evently.gateway.refusals import refusal
from evently.gateway.replies import STARTS, send_response, with_headers

HEADER = b"x-request-id"
ACCEPTED = re.compile(rb"[A-Za-z0-9._-]{8,128}")


class Tracing:
    """Names each request, tells the access log of it, and answers 500 when all else is broken."""

    def __init__(self, inner: ASGI3Application) -> None:
        self.inner = inner

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "lifespan":
            await self.inner(scope, receive, send)
            access_log.write()
            return
        request_id = _given_id(scope) or _new_id()
        correlation_id.set(request_id)
        began = perf_counter()
        status = 0

        def answer(message: Any) -> Awaitable[None]:
            nonlocal status
            if message["type"] in STARTS:
                status = message.get("status", 101)
                message = with_headers(message, [(HEADER, request_id.encode())])
            elif not status:
                status = 403  # a websocket that is closed before it was open
            return send(message)

        try:
            await self.inner(scope, receive, answer)
        except Exception:
            if scope["type"] == "http" and not status:
                await send_response(answer, refusal(scope, 500))
            raise
        finally:
            method = scope["method"] if scope["type"] == "http" else "WEBSOCKET"
            seconds = perf_counter() - began
            access_log.note(Line(request_id, method, scope["path"], status, seconds))


def _given_id(scope: Any) -> str:
    for name, value in scope["headers"]:
        if name == HEADER:
            return value.decode() if ACCEPTED.fullmatch(value) else ""
    return ""


def _new_id() -> str:
    """Nobody has to be unable to guess it, so it need not cost a question to the system."""
    return f"{random.getrandbits(128):032x}"
