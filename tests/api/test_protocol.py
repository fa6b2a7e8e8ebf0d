"""What HTTP itself asks of the API: every refusal is a problem document, wherever it is raised."""

from typing import Any

import pytest
from django.conf import settings as configured
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from bookings.models import Booking
from evently.accounts.models import User
from evently.accounts.tokens import issue_tokens
from evently.errors import Busy
from events import queries
from tests.api.shapes import assert_problem
from tests.conftest import client_of
from tests.makers import PASSWORD, make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    """A browser that is logged in and keeps cookies, under the rules for them."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(), "evently.accounts.backends.AddressBackend")
    return client


@pytest.fixture
def crashing() -> Client:
    """A client that sees the answer to a bug instead of the bug."""
    return Client(raise_request_exception=False)


def test_an_unknown_address_is_a_problem(api: APIClient) -> None:
    assert_problem(api.get("/api/v1/nothing"), 404, "not-found")


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs", "/api/v1/events"])
def test_a_wrong_method_is_answered_with_the_right_ones(api: APIClient, path: str) -> None:
    answer = api.put(path, {})
    assert_problem(answer, 405 if answer.status_code == 405 else 401, answer.json()["code"])
    client = client_of(make_user())
    answer = client.put(path, {})
    assert_problem(answer, 405, "method-not-allowed")
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize("kind", ["text/html", "application/xml", "image/*", "nonsense"])
def test_whoever_accepts_no_json_is_told_so(api: APIClient, kind: str) -> None:
    answer = api.get(reverse("events"), headers={"Accept": kind})
    assert_problem(answer, 406, "not-acceptable")


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "",
        "nonsense",
        "application/json; charset=utf-16",
        "application/json; charset=base64",
    ],
)
def test_a_body_that_is_not_said_to_be_json_is_refused(kind: str) -> None:
    client = client_of(make_user())
    answer = client.generic("POST", reverse("bookings"), '{"quantity": 1}', content_type=kind)
    assert_problem(answer, 415, "unsupported-media-type")


def test_a_body_that_is_too_large_is_refused() -> None:
    body = '{"name": "' + "x" * 3_000_000 + '"}'
    answer = client_of(make_user()).generic(
        "POST", reverse("organisers"), body, content_type="application/json"
    )
    assert_problem(answer, 413, "content-too-large")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"name": "A"', "unexpected text in line 1, column 13"),
        ('{"name": \n\\}', "unexpected text in line 2, column 1"),
        ('{"name": ' + "1" * 5_000 + "}", "a number is out of range"),
        ('{"name": 1e999999999999999999999}', "a number is out of range"),
        ('{"name": NaN}', "NaN is no JSON number"),
    ],
)
def test_a_body_that_is_no_json_is_refused_in_our_own_words(body: str, told: str) -> None:
    answer = client_of(make_user()).generic(
        "POST", reverse("organisers"), body, content_type="application/json"
    )
    problem = assert_problem(answer, 400, "malformed")
    assert problem["detail"] == f"The body is not JSON: {told}."


def test_an_id_may_be_written_in_capitals(api: APIClient) -> None:
    event, client = make_event(), client_of(make_user())
    name = str(event.pk).upper()
    assert api.get(f"/api/v1/events/{name}").json()["id"] == str(event.pk)
    assert api.get(f"/events/{name}/").status_code == 200
    booked = client.post(reverse("bookings"), {"event_id": name, "quantity": 1})
    assert booked.json()["event_id"] == str(event.pk)


@pytest.mark.parametrize("path", ["/api/v1/events/", "/api/v1/auth/login//", "/api/schema/"])
def test_an_address_with_a_slash_too_many_is_told_the_right_one(api: APIClient, path: str) -> None:
    problem = assert_problem(api.get(path), 404, "not-found")
    right = path.rstrip("/")
    assert problem["detail"] == f"Addresses of the API have no slash at the end. Ask {right}."


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE"])
def test_an_unknown_address_is_unknown_by_any_method(api: APIClient, method: str) -> None:
    answer = api.generic(method, "/api/v1/nothing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_parameter_that_stands_twice_is_refused(api: APIClient) -> None:
    problem = assert_problem(api.get("/api/v1/events?limit=5&limit=3"), 400, "invalid")
    assert problem["errors"] == {"limit": ["This stands twice in the address. Send it once."]}


def test_a_host_that_is_not_ours_is_refused(api: APIClient) -> None:
    answer = api.get(reverse("events"), headers={"Host": "evil.example"})
    problem = assert_problem(answer, 400, "malformed")
    assert problem["detail"] == "The header Host names no site that is served here."


def test_whoever_is_not_logged_in_is_told_how(api: APIClient) -> None:
    answer = api.get(reverse("bookings"))
    assert_problem(answer, 401, "not-authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header",
    ["Bearer x", "Bearer", "Bearer a b", "Bearer é", "Bearer x.y.z", "Bearer " + "x" * 9_000],
)
def test_a_bad_token_is_refused_even_where_none_is_needed(api: APIClient, header: str) -> None:
    answer = api.get(reverse("events"), headers={"Authorization": header})
    assert_problem(answer, 401, "token-refused")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_browsers_change_needs_the_csrf_token(browser: Client) -> None:
    path, body = reverse("organisers"), {"name": "Blue Note"}
    answer = browser.post(path, body, content_type="application/json")
    problem = assert_problem(answer, 403, "csrf-refused")
    assert "X-CSRFToken" in problem["detail"]
    assert browser.get(path).status_code == 200
    browser.cookies[configured.CSRF_COOKIE_NAME] = "c" * 32
    answer = browser.post(
        path, body, content_type="application/json", headers={"X-CSRFToken": "c" * 32}
    )
    assert answer.status_code == 201


def test_a_tokens_change_needs_no_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)
    bearer = {"Authorization": f"Bearer {issue_tokens(make_user()).access}"}
    path, body = reverse("organisers"), {"name": "Blue Note"}
    answer = client.post(path, body, content_type="application/json", headers=bearer)
    assert answer.status_code == 201


def test_without_the_database_the_api_says_when_to_ask_again(crashing: Client) -> None:
    def gone(*_: Any) -> Any:
        raise OperationalError("the connection is lost")

    with connection.execute_wrapper(gone):
        answer = crashing.get(reverse("events"))
    assert_problem(answer, 503, "busy")
    assert int(answer["Retry-After"]) > 0


def test_a_busy_database_says_when_to_ask_again(
    crashing: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "list_events", _raising(Busy()))
    answer = crashing.get(reverse("events"))
    assert_problem(answer, 503, "busy")
    assert int(answer["Retry-After"]) > 0


def test_a_bug_is_a_problem_that_tells_nothing(
    crashing: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "list_events", _raising(RuntimeError("secret detail")))
    answer = crashing.get(reverse("events"))
    assert_problem(answer, 500, "internal-error")
    assert b"secret" not in answer.content


def test_an_event_is_sent_again_only_when_it_changed(api: APIClient) -> None:
    event = make_event()
    path = reverse("event", args=[event.pk])
    tag = api.get(path)["ETag"]
    for header in (tag, f"W/{tag}", f'"0", {tag}', "*"):
        answer = api.get(path, headers={"If-None-Match": header})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)
    event.version += 1
    event.save()
    assert api.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_change_needs_the_version_that_was_read() -> None:
    organiser = make_organiser(owner := make_user())
    event, client = make_event(organiser), client_of(owner)
    path = reverse("event", args=[event.pk])
    tag = client.get(path)["ETag"]
    assert_problem(client.patch(path, {"name": "A"}), 428, "if-match-missing")
    answer = client.patch(path, {"name": "A"}, headers={"If-Match": tag})
    assert (answer.status_code, answer["ETag"]) == (200, '"2"')
    stale = client.patch(path, {"name": "B"}, headers={"If-Match": tag})
    assert assert_problem(stale, 412, "stale")["current_version"] == 2
    event.refresh_from_db()
    assert event.name == "A"


def test_a_change_of_any_version_says_so() -> None:
    organiser = make_organiser(owner := make_user())
    event, client = make_event(organiser), client_of(owner)
    path = reverse("event", args=[event.pk])
    assert client.patch(path, {"name": "A"}, headers={"If-Match": "*"}).status_code == 200
    answer = client.patch(path, {"name": "B"}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["name"]) == (200, "B")


def test_what_was_made_has_an_address() -> None:
    organiser = make_organiser(owner := make_user())
    client = client_of(owner)
    body = {
        "name": "Matinée",
        "starts_at": "2090-01-01T10:00:00Z",
        "ends_at": "2090-01-01T12:00:00Z",
        "capacity": 5,
        "status": "published",
    }
    made = client.post(reverse("events"), body)
    assert client.get(made["Location"]).json() == made.json()
    assert made.json()["organiser"]["id"] == str(organiser.pk)
    booked = client.post(reverse("bookings"), {"event_id": made.json()["id"], "quantity": 2})
    assert client.get(booked["Location"]).json() == booked.json()


def test_an_idempotency_key_returns_the_first_answer() -> None:
    event, client = make_event(), client_of(make_user())
    path, headers = reverse("bookings"), {"Idempotency-Key": "click-1"}
    body = {"event_id": str(event.pk), "quantity": 2}
    first = client.post(path, body, headers=headers)
    again = client.post(path, body, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Location"] == first["Location"]
    other = client.post(path, body | {"quantity": 3}, headers=headers)
    assert_problem(other, 422, "idempotency-mismatch")
    assert_problem(client.post(path, body), 409, "already-booked")
    assert Booking.objects.count() == 1


def test_a_sold_out_event_says_how_many_are_left() -> None:
    event, client = make_event(capacity=3), client_of(make_user())
    answer = client.post(reverse("bookings"), {"event_id": str(event.pk), "quantity": 4})
    problem = assert_problem(answer, 409, "sold-out")
    assert problem["available_seats"] == 3
    assert problem["detail"] == "3 seats are left. You asked for 4."


def test_answers_are_not_kept_by_caches(api: APIClient) -> None:
    answer = api.post(
        reverse("register"), {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}
    )
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    assert User.objects.get().name == "Ada"


def _raising(error: Exception) -> Any:
    def call(**_: Any) -> Any:
        raise error

    return call
