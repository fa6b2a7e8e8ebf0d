"""What no cache keeps: answers to somebody who is known, and all that no view has released."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

NO_STORE = "no-store"


def forbid_keeping(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: `Cache-Control: no-store` (RFC 9111 §5.2.2.5) on the answer to whoever shows a
    session or a token, and on every answer for which no view has said how it may be kept.

    It stands outside the middleware of sessions, so that it sees a session that begins.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        begins = settings.SESSION_COOKIE_NAME in response.cookies
        is_known = (
            settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
        )
        if begins or is_known or "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = NO_STORE
        return response

    return middleware
