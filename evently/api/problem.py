"""How the API says no: RFC 9457 `application/problem+json`, each with a stable `code`.

The one module that knows which HTTP status a refusal has.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from asgi_correlation_id import correlation_id
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions

from evently.errors import Busy, Invalid, Kind, RateLimited, Refusal

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="Evently"'
RETRY_AFTER_SECONDS = 2
# On the kept answer to a repeated request.
REPLAYED = {"Idempotent-Replayed": "true"}

STATUS = {
    Kind.INVALID: 400,
    Kind.UNKNOWN_CALLER: 401,
    Kind.FORBIDDEN: 403,
    Kind.MISSING: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.STALE: 412,
    Kind.MISMATCH: 422,
    Kind.MISSING_CONDITION: 428,
    Kind.TOO_MANY: 429,
    Kind.BUSY: 503,
}
# What the framework refuses, by status: our code and title.
FRAMEWORK: dict[int, tuple[str, str | Promise]] = {
    400: ("malformed", _("The request cannot be read.")),
    401: ("not-authenticated", _("Log in, or send a valid access token.")),
    403: ("forbidden", _("You may not do this.")),
    404: ("not-found", _("There is no such thing here, or it is not yours to see.")),
    405: ("method-not-allowed", _("This address does not take this method.")),
    406: ("not-acceptable", _("This address answers in JSON: accept application/json.")),
    408: ("body-too-slow", _("The body of the request did not come in time. Send it again.")),
    413: ("content-too-large", _("The body is larger than any that is expected here.")),
    415: ("unsupported-media-type", _("Send JSON, with Content-Type: application/json.")),
    429: (RateLimited.code, RateLimited.title),
    500: ("internal-error", _("Something went wrong on our side. It has been logged.")),
    503: (Busy.code, Busy.title),
}
TOKEN_REFUSED = _("This access token is not valid, or not any more.")
# Requests that cannot be understood; the framework reports them from anywhere.
UNREADABLE = (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError)


def problem(
    status: int,
    code: str,
    title: str | Promise,
    *,
    detail: str | Promise = "",
    facts: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """A problem document; `facts` become members of it, beside those that all problems have.

    The fact `retry_after_seconds` is also the header Retry-After (RFC 9110, section 10.2.3), which
    429 and 503 always have.
    `request_id` is that of the request which is refused.
    """
    facts = facts or {}
    body = {
        **facts,
        "type": f"urn:evently:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail or title,
        "code": code,
    }
    if request_id := correlation_id.get():
        body["request_id"] = request_id
    headers = problem_headers(status, facts) | dict(headers or {})
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE, headers=headers)


def problem_headers(status: int, facts: Mapping[str, Any]) -> dict[str, str]:
    """The headers that an answer with this status has, whatever it refuses."""
    usual = RETRY_AFTER_SECONDS if status in {429, 503} else None
    seconds = facts.get("retry_after_seconds", usual)
    if seconds is not None:
        return {"Retry-After": str(seconds)}
    return {"WWW-Authenticate": CHALLENGE} if status == 401 else {}


def refusal_response(refusal: Refusal) -> HttpResponse:
    return problem(
        STATUS[refusal.kind],
        refusal.code,
        refusal.title,
        detail=refusal.detail,
        facts=refusal.facts,
        headers=REPLAYED if refusal.is_repeat else None,
    )


def framework_problem(status: int, *, detail: str | Promise = "", **more: Any) -> HttpResponse:
    """What the framework itself refuses, such as an unknown address."""
    code, title = FRAMEWORK.get(status, FRAMEWORK[400 if status < 500 else 500])
    return problem(status, code, title, detail=detail, **more)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Turn what a view raised into a problem; None for a bug, which becomes a logged 500."""
    if isinstance(error, Refusal):
        return refusal_response(error)
    if isinstance(error, exceptions.APIException):
        return _api_exception(error)
    return django_problem(error)


def django_problem(error: BaseException | None) -> HttpResponse | None:
    """The problem that an exception of Django or the database stands for; None for a bug."""
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("The database is out: %s", error)
        return refusal_response(Busy())
    if isinstance(error, RequestDataTooBig):
        return framework_problem(413)
    if isinstance(error, DisallowedHost):
        return framework_problem(
            400, detail=_("The header Host names no site that is served here.")
        )
    if isinstance(error, UNREADABLE):
        return framework_problem(400)
    if isinstance(error, Http404):
        return framework_problem(404)
    if isinstance(error, PermissionDenied):
        return framework_problem(403)
    return None


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _api_exception(error: exceptions.APIException) -> HttpResponse:
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    if isinstance(error, exceptions.AuthenticationFailed):
        # The libraries' texts speak of token types; ours says what to do.
        return problem(
            401,
            "token-refused",
            TOKEN_REFUSED,
            detail=_("Trade your refresh token for a new pair at /api/v1/auth/refresh, or log in."),
        )
    headers = {"Retry-After": str(int(wait))} if (wait := getattr(error, "wait", None)) else {}
    return framework_problem(error.status_code, detail=_sentence(error), headers=headers)


def _invalid(error: exceptions.ValidationError) -> HttpResponse:
    detail = error.detail
    errors = dict(_named(detail)) if isinstance(detail, dict) else {"body": detail}
    return problem(400, Invalid.code, Invalid.title, facts={"errors": errors})


def _sentence(error: exceptions.APIException) -> str:
    """What the raiser says, unless it is only the framework's own phrase for the status."""
    said = str(error.detail)
    return said if said != str(type(error).default_detail) else ""


def _named(errors: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Each error under its field's name; one inside another is "outer.inner"."""
    for name, found in errors.items():
        if isinstance(found, Mapping):
            yield from _named(found, f"{within}{name}.")
        else:
            yield f"{within}{name}", found
