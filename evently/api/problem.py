"""How the API says no: RFC 9457 `application/problem+json`, each with a stable `code`.

The one module that knows which HTTP status a refusal has.
"""

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions

from evently.errors import Busy, Kind, Refusal

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2

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
FRAMEWORK = {
    400: ("malformed", "The request cannot be read."),
    401: ("not-authenticated", "Log in, or send a valid access token."),
    403: ("forbidden", "You may not do this."),
    404: ("not-found", "There is no such thing here, or it is not yours to see."),
    405: ("method-not-allowed", "This address does not take this method."),
    406: ("not-acceptable", "This address answers in JSON."),
    415: ("unsupported-media-type", "Send JSON, with Content-Type: application/json."),
    429: ("rate-limited", "Too many requests."),
    500: ("internal-error", "Something went wrong on our side. It has been logged."),
}


def problem(
    status: int,
    code: str,
    title: str,
    *,
    detail: str = "",
    headers: Mapping[str, str] | None = None,
    **facts: Any,
) -> HttpResponse:
    """A problem document; `facts` become members of it."""
    body = {
        "type": f"urn:evently:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail or title,
        "code": code,
        **facts,
    }
    headers = dict(headers or {})
    if status in {429, 503}:
        headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE, headers=headers)


def refusal_response(refusal: Refusal) -> HttpResponse:
    return problem(
        STATUS[refusal.kind],
        refusal.code,
        refusal.title,
        detail=refusal.detail,
        **refusal.facts,
    )


def framework_problem(status: int, *, detail: str = "", **more: Any) -> HttpResponse:
    """What the framework itself refuses, such as an unknown address."""
    code, title = FRAMEWORK.get(status, FRAMEWORK[400 if status < 500 else 500])
    return problem(status, code, title, detail=detail, **more)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Turn what a view raised into a problem; None for a bug, which is logged and answered as 500."""
    if isinstance(error, Refusal):
        return refusal_response(error)
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("The database is out: %s", error)
        return refusal_response(Busy())
    if isinstance(error, Http404):
        return framework_problem(404)
    if isinstance(error, PermissionDenied):
        return framework_problem(403)
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    if isinstance(error, exceptions.APIException):
        return _api_exception(error)
    return None


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _invalid(error: exceptions.ValidationError) -> HttpResponse:
    detail = error.detail
    errors = detail if isinstance(detail, dict) else {"non_field_errors": detail}
    title = "The request has fields that cannot be used."
    return problem(400, "invalid", title, errors=errors)


def _api_exception(error: exceptions.APIException) -> HttpResponse:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return framework_problem(error.status_code, detail=_sentence(error), headers=headers)


def _sentence(error: exceptions.APIException) -> str:
    detail = error.detail
    if isinstance(detail, dict):
        detail = detail.get("detail", "")
    return str(detail) if isinstance(detail, str) else ""
