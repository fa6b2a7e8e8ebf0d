"""What is said when an address is wrong or something breaks: to programs a problem, else a page."""

import sys

from asgi_correlation_id import correlation_id
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import is_valid_path
from django.utils import translation
from django.utils.translation import gettext as _

from evently.api.problem import django_problem, framework_problem, is_api
from evently.languages import language_of

RETRY_AFTER_SECONDS = "5"
SERVER_ERRORS = 500


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    path = request.path.rstrip("/")
    if is_api(request) and path != request.path and is_valid_path(path):
        told = _("Addresses of the API have no slash at the end. Ask %(path)s.") % {"path": path}
        return framework_problem(404, detail=told)
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
    return _page(request, "form", 403)


def method_not_allowed(request: HttpRequest, refused: HttpResponse) -> HttpResponse:
    """The page for a refusal of the framework that has the right headers and no words."""
    page = _page(request, "405", 405)
    page["Allow"] = refused["Allow"]
    return page


def _answer(request: HttpRequest, status: int, error: BaseException | None) -> HttpResponse:
    if is_api(request):
        return django_problem(error) or framework_problem(status)
    page = _page(request, str(status), status)
    if status == 503:
        page["Retry-After"] = RETRY_AFTER_SECONDS
    return page


def _page(request: HttpRequest, name: str, status: int) -> HttpResponse:
    """The page of a failure in the reader's language, with the site's own header and footer.

    A failure may come before the language was chosen. When the server failed, nothing personal is
    asked for: the database may be away.
    """
    facts = {"request_id": correlation_id.get()}
    if status < SERVER_ERRORS:
        facts["frame"] = "base.html"
    with translation.override(language_of(request)):
        return render(request, f"failures/{name}.html", facts, status=status)
