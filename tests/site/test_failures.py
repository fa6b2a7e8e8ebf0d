"""What is said when something is wrong: as a page, in words that say what to do."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client, RequestFactory

from evently.site import failures
from tests.makers import make_user


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def page_request() -> HttpRequest:
    return RequestFactory().get("/somewhere")


def test_each_failure_has_its_page(page_request: HttpRequest) -> None:
    pages = [
        (failures.bad_request(page_request, SuspiciousOperation()), 400, "cannot be read"),
        (failures.forbidden(page_request, PermissionDenied()), 403, "You may not do this"),
        (failures.not_found(page_request, Exception()), 404, "There is nothing here"),
        (failures.server_error(page_request), 500, "Something broke on our side"),
    ]
    for page, status, title in pages:
        assert page.status_code == status
        assert title in text_of(page)
        assert "See what is on" in text_of(page)


def test_a_missing_database_asks_to_come_back(page_request: HttpRequest) -> None:
    def lose_the_line() -> None:
        raise OperationalError

    try:
        lose_the_line()
    except OperationalError:
        page = failures.server_error(page_request)
    assert (page.status_code, page["Retry-After"]) == (503, "5")
    assert "load the page again" in text_of(page)


def test_a_form_that_is_too_old_says_what_to_do(page_request: HttpRequest) -> None:
    page = failures.csrf_failure(page_request, reason="CSRF cookie not set.")
    assert page.status_code == 403
    assert "load the page again and send the form once more" in text_of(page)
    program = failures.csrf_failure(RequestFactory().post("/api/v1/bookings"))
    assert program["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_a_form_without_its_secret_is_told_in_our_words() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())
    answer = client.post("/accounts/profile/", {"name": "Ada"})
    assert answer.status_code == 403
    assert "This form is too old" in text_of(answer)
