"""What is said when an address is wrong or something breaks: a problem to programs, a page to people."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from evently.api.problem import framework_problem, is_api, refusal_response
from evently.errors import Busy

RETRY_AFTER_SECONDS = "5"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug; or the database is out, which the framework can only tell as a bug."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _busy(request)
    return _answer(request, 500)


def _busy(request: HttpRequest) -> HttpResponse:
    if is_api(request):
        return refusal_response(Busy())
    page = render(request, "failures/503.html", status=503)
    page["Retry-After"] = RETRY_AFTER_SECONDS
    return page


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    if is_api(request):
        return framework_problem(status)
    return render(request, f"failures/{status}.html", status=status)
