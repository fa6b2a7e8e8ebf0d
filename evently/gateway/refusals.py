"""What the gateway refuses by itself: a problem for programs, a page for browsers."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise

from evently.api.problem import framework_problem, is_api, problem_headers
from evently.gateway.metrics import REFUSED
from evently.gateway.replies import (
    Headers,
    for_other_origins,
    is_secure,
    light_request,
    send_response,
)
from evently.headers import protect
from evently.languages import language_of

TRY_AGAIN_LATER = 1013


async def refuse(
    scope: Any,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
    status: int,
    reason: str,
    *,
    detail: str | Promise = "",
    facts: Mapping[str, Any] | None = None,
    headers: Headers = (),
    hang_up: bool = False,
) -> None:
    """Answer with this status and count the refusal.

    A websocket is refused with the same answer where the server can send one to a handshake, else
    it is closed.

    Args:
        reason: in two or three words with hyphens, for the metric.
        hang_up: end the connection, too: what the client still sends is not read.
    """
    REFUSED.labels(reason).inc()
    if scope["type"] == "websocket":
        await receive()
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER, "reason": None})
            return
    response = refusal(scope, status, detail=detail, facts=facts)
    for name, value in headers:
        response.headers[name.decode()] = value.decode()
    if hang_up:
        response.headers["Connection"] = "close"
    kind = "http" if scope["type"] == "http" else "websocket.http"
    await send_response(send, response, kind=kind)


def refusal(
    scope: Any,
    status: int,
    *,
    detail: str | Promise = "",
    facts: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """The answer that refuses, in the caller's language."""
    request = light_request(scope)
    language = language_of(request)
    facts = facts or {}
    if not is_api(request) and "text/html" in request.META.get("HTTP_ACCEPT", ""):
        response = HttpResponse(
            _page(status, language), status=status, headers=problem_headers(status, facts)
        )
    else:
        with translation.override(language):
            response = framework_problem(status, detail=detail, facts=facts)
        response = for_other_origins(request, response)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = language
    return protect(response, is_secure=is_secure(scope))


@cache
def _page(status: int, language: str) -> str:
    with translation.override(language):
        return render_to_string(f"failures/{status}.html")
