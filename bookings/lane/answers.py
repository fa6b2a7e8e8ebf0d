"""What the lane sends back: the same as Django's door, made once where it is always the same."""

import json
import logging
from functools import cache

from asgiref.typing import ASGISendCallable
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from rest_framework.exceptions import NotAuthenticated

from bookings.lane.reading import PATH, Head
from bookings.models import Booking
from bookings.serializers import shown
from bookings.services import Outcome
from evently.api.problem import REPLAYED, exception_handler, framework_problem
from evently.gateway.replies import for_other_origins
from evently.headers import protecting_headers

logger = logging.getLogger(__name__)
Headers = list[tuple[bytes, bytes]]
# As the renderer of Django's door writes it.
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
VARIES, WITH_COOKIE = b"Accept-Language, origin", b"Accept-Language, Cookie, origin"
AGAIN = [(name.lower().encode(), value.encode()) for name, value in REPLAYED.items()]


async def send_outcome(send: ASGISendCallable, outcome: Outcome, head: Head) -> None:
    """Answer with the booking, or with the problem that stands in its way."""
    if isinstance(outcome, Booking):
        where = (b"location", f"{PATH}/{outcome.reference}".encode())
        kind = (b"content-type", b"application/json")
        own = [kind, where, *(AGAIN if outcome.is_repeat else ())]
        await _send(send, 201, own, _json(outcome), head)
    else:
        with translation.override(head.language):
            response = _problem(outcome)
        own = [
            (name.lower().encode("latin1"), value.encode("latin1"))
            for name, value in response.items()
        ]
        # Without a token it is the session's cookie that may say who asks.
        varies = WITH_COOKIE if isinstance(outcome, NotAuthenticated) else VARIES
        await _send(send, response.status_code, own, response.content, head, varies)


def _json(booking: Booking) -> bytes:
    return ENCODER.encode(shown(booking)).encode()


def _problem(error: Exception) -> HttpResponse:
    if known := exception_handler(error, {}):
        return known
    logger.error("A booking failed", exc_info=error)
    return framework_problem(500)


async def _send(
    send: ASGISendCallable,
    status: int,
    own: Headers,
    body: bytes,
    head: Head,
    varies: bytes = VARIES,
) -> None:
    headers = [
        *own,
        *_always(),
        (b"vary", varies),
        *_for_origin(head.origin),
        (b"content-language", head.language.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send(
        {"type": "http.response.start", "status": status, "headers": headers, "trailers": False}
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


@cache
def _always() -> Headers:
    """What Django's own middlewares would put on every answer, asked once."""
    headers = {
        **protecting_headers(),
        "Allow": "GET, POST, HEAD, OPTIONS",
        "Cache-Control": "no-store",
    }
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _for_origin(origin: str) -> Headers:
    """What lets a page of another site read the answer, if it may."""
    if not origin:
        return []
    request, response = HttpRequest(), HttpResponse()
    request.path_info, request.META["HTTP_ORIGIN"] = PATH, origin
    for_other_origins(request, response)
    return [
        (name.lower().encode(), value.encode("latin1"))
        for name, value in response.items()
        if name.lower().startswith("access-control-")
    ]
