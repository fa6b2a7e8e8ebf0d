"""What is said when an address is wrong or something breaks: to programs a problem, else a page."""

import sys

from asgi_correlation_id import correlation_id
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from evently.api.problem import django_problem, framework_problem, is_api

RETRY_AFTER_SECONDS = "5"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug; or the database is out, which the framework can only tell as a bug."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        return _answer(request, 503, error)
    return _answer(request, 500, error)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the secret that this site put into it: cookies are off, or it is too old."""
    if is_api(request):
        return framework_problem(403)
    return render(request, "failures/form.html", status=403)


def method_not_allowed(request: HttpRequest, refused: HttpResponse) -> HttpResponse:
    """The page for a refusal of the framework that has the right headers and no words."""
    page = render(request, "failures/405.html", status=405)
    page["Allow"] = refused["Allow"]
    return page


def _answer(request: HttpRequest, status: int, error: BaseException | None) -> HttpResponse:
    if is_api(request):
        return django_problem(error) or framework_problem(status)
    facts = {"request_id": correlation_id.get()}
    page = render(request, f"failures/{status}.html", facts, status=status)
    if status == 503:
        page["Retry-After"] = RETRY_AFTER_SECONDS
    return page
