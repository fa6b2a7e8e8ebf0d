"""Input that cannot be used: always a 4xx with a sentence for each field, never a change."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from rest_framework.test import APIClient

from bookings.models import Booking
from events.models import MAX_CAPACITY, Event, Organiser
from tests.api.shapes import assert_invalid, assert_problem
from tests.conftest import client_of
from tests.makers import make_booking, make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db

GOOD: dict[str, Any] = {
    "name": "Late Jazz",
    "starts_at": "2090-06-01T19:00:00+02:00",
    "ends_at": "2090-06-01T21:30:00Z",
    "timezone": "Europe/Berlin",
    "capacity": 100,
    "price": "20.00",
    "currency": "EUR",
}
JSON_NUMBERS = {"1e400": 400, "1e999999999": 400, "1e99999999999999999999": 400, "9" * 5000: 400}


@pytest.fixture
def organiser() -> Organiser:
    return make_organiser(make_user("Olga"))


@pytest.fixture
def owner(organiser: Organiser) -> APIClient:
    return client_of(organiser.members.get())


def post_raw(client: APIClient, path: str, body: str | bytes) -> Any:
    send: Any = client.generic  # which takes bytes, too
    return send("POST", path, body, content_type="application/json")


@pytest.mark.parametrize(
    "quantity",
    [0, -1, MAX_CAPACITY + 1, "two", "2", 1.5, 10**12, 10**40, True, None, [], {}, ""],
    ids=str,
)
def test_a_quantity_that_is_none_is_refused(quantity: Any) -> None:
    event, buyer = make_event(), make_user()
    body = {"event_id": str(event.pk), "quantity": quantity}
    assert_invalid(client_of(buyer).post(reverse("bookings"), body), "quantity")
    assert not Booking.objects.exists()


def test_more_seats_than_one_booking_may_have_are_refused_with_the_number() -> None:
    event = make_event(max_per_booking=4)
    body = {"event_id": str(event.pk), "quantity": 5}
    errors = assert_invalid(client_of(make_user()).post(reverse("bookings"), body), "quantity")
    assert errors["quantity"] == ["Choose between 1 and 4 seats."]


def test_what_is_missing_is_named() -> None:
    assert_invalid(client_of(make_user()).post(reverse("bookings"), {}), "event_id", "quantity")


@pytest.mark.parametrize("event_id", ["", "x", 5, None, True, [], "0" * 32, "urn:uuid:" + "0" * 32])
def test_an_event_id_that_is_none_is_refused(event_id: Any) -> None:
    body = {"event_id": event_id, "quantity": 1}
    assert_invalid(client_of(make_user()).post(reverse("bookings"), body), "event_id")


def test_a_field_that_does_not_exist_is_refused_and_the_others_are_named() -> None:
    body = {"event_id": str(make_event().pk), "quantity": 1, "quantitty": 2}
    errors = assert_invalid(client_of(make_user()).post(reverse("bookings"), body), "quantitty")
    assert errors["quantitty"] == ["There is no such field. The fields are: event_id, quantity."]
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    ("status", "code"), [("cancelled", "event-closed"), ("completed", "event-closed")]
)
def test_events_that_are_over_or_off_take_no_bookings(status: str, code: str) -> None:
    event = make_event(status=status)
    body = {"event_id": str(event.pk), "quantity": 1}
    assert_problem(client_of(make_user()).post(reverse("bookings"), body), 409, code)


def test_a_past_event_takes_no_bookings() -> None:
    event = make_event(starts_at=datetime(2020, 1, 1, tzinfo=UTC))
    body = {"event_id": str(event.pk), "quantity": 1}
    assert_problem(client_of(make_user()).post(reverse("bookings"), body), 409, "event-closed")


def test_a_capacity_below_what_is_taken_is_refused_with_three_numbers(
    owner: APIClient, organiser: Organiser
) -> None:
    event = make_event(organiser, capacity=10)
    make_booking(event, quantity=7)
    path = reverse("event", args=[event.pk])
    answer = owner.patch(path, {"capacity": 5}, headers={"If-Match": owner.get(path)["ETag"]})
    problem = assert_problem(answer, 409, "capacity-below-taken")
    assert (problem["confirmed"], problem["held"], problem["offered"]) == (7, 0, 0)
    event.refresh_from_db()
    assert event.capacity == 10


BAD_EVENTS = [
    ("name", ""),
    ("name", "   "),
    ("name", "x" * 1_000_000),
    ("name", "zero\0byte"),
    ("name", "\ud800"),
    ("name", 5),
    ("name", None),
    ("name", ["x"]),
    ("description", "x" * 20_001),
    ("venue", "\ud800"),
    ("timezone", "Mars/Base"),
    ("timezone", ""),
    ("timezone", "../etc/passwd"),
    ("timezone", "Europe/Berlin\0"),
    ("timezone", "\ud800"),
    ("starts_at", "0001-01-01T00:00:00Z"),
    ("starts_at", "0001-01-01T00:00:00+14:00"),
    ("ends_at", "9999-12-31T23:59:59Z"),
    ("ends_at", "9999-12-31T23:59:59-14:00"),
    ("starts_at", "2090-06-01T19:00:00"),
    ("starts_at", "2090-06-01"),
    ("starts_at", "2090-02-30T19:00:00Z"),
    ("starts_at", "2090-06-01T19:00:00+99:00"),
    ("starts_at", "soon"),
    ("starts_at", 3801600000),
    ("starts_at", "٢٠٩٠-06-01T19:00:00Z"),
    ("ends_at", "2090-06-01T19:00:00+02:00"),
    ("ends_at", "2090-06-01T18:00:00+02:00"),
    ("capacity", 0),
    ("capacity", -1),
    ("capacity", MAX_CAPACITY + 1),
    ("capacity", "100"),
    ("capacity", 1.5),
    ("price", "12.345"),
    ("price", 12.345),
    ("price", "-1"),
    ("price", -1),
    ("price", "1e9"),
    ("price", 1e9),
    ("price", 10**9),
    ("price", "NaN"),
    ("price", "Infinity"),
    ("price", "１２"),
    ("price", True),
    ("price", None),
    ("price", ""),
    ("currency", "EURO"),
    ("currency", "eur"),
    ("currency", 5),
    ("currency", ["EUR"]),
    ("max_per_booking", 0),
    ("repeat_bookings_allowed", "yes"),
    ("repeat_bookings_allowed", 1),
    ("status", "sold out"),
    ("status", "\ud800"),
    ("organiser_id", "mine"),
    ("available_seats", 5),
    ("\ud800", 5),
    ("x" * 100_000, 5),
]


@pytest.mark.parametrize(
    ("field", "value"), BAD_EVENTS, ids=lambda part: ascii(part)[:30].replace("\\x00", "NUL")
)
def test_an_event_that_breaks_a_rule_is_refused_at_that_field(
    owner: APIClient, field: str, value: Any
) -> None:
    answer = post_raw(owner, reverse("events"), json.dumps(GOOD | {field: value}))
    assert_invalid(answer, field[:64])
    assert len(answer.content) < 3_000
    assert not Event.objects.exists()


@pytest.mark.parametrize("price", ["20", "20.5", "20.50", 20, 20.5, 0, "0.00", 99999999.99])
def test_a_price_may_be_a_text_or_a_number(owner: APIClient, price: Any) -> None:
    assert owner.post(reverse("events"), GOOD | {"price": price}).status_code == 201


@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_an_event_cannot_begin_at_its_end(owner: APIClient, status: str) -> None:
    assert_problem(owner.post(reverse("events"), GOOD | {"status": status}), 409, "wrong-status")


def test_an_event_in_the_past_is_refused(owner: APIClient) -> None:
    past = {"starts_at": "2020-01-01T10:00:00Z", "ends_at": "2020-01-01T12:00:00Z"}
    assert_invalid(owner.post(reverse("events"), GOOD | past), "ends_at")


def test_whoever_runs_no_team_or_several_must_name_one(organiser: Organiser) -> None:
    assert_invalid(client_of(make_user()).post(reverse("events"), GOOD), "organiser_id")
    owner = organiser.members.get()
    make_organiser(owner)
    assert_invalid(client_of(owner).post(reverse("events"), GOOD), "organiser_id")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"'x'",
        b"\xff\xfe{}",
        b"{}\0",
        b"NaN",
        b'{"quantity": NaN}',
        b'{"quantity": -Infinity}',
        b'{"quantity": 1, "quantity": 2}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        *(b'{"quantity": %s}' % number.encode() for number in JSON_NUMBERS),
        b"[]",
        b'[{"quantity": 1}]',
        b"null",
        b'"x"',
        b"5",
        b"true",
    ],
    ids=lambda body: repr(body)[:24],
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    answer = post_raw(client_of(make_user()), reverse("bookings"), body)
    assert answer.status_code == 400
    problem = assert_problem(answer, 400, answer.json()["code"])
    assert problem["code"] in {"malformed", "invalid"}
    assert len(answer.content) < 1_000


def test_a_name_that_stands_twice_is_refused() -> None:
    body = '{"quantity": 1, "quantity": 2}'
    answer = post_raw(client_of(make_user()), reverse("bookings"), body)
    assert "stands twice" in assert_problem(answer, 400, "malformed")["detail"]


def test_malformed_json_is_told_with_its_place() -> None:
    answer = post_raw(client_of(make_user()), reverse("bookings"), '{"quantity": }')
    detail = assert_problem(answer, 400, "malformed")["detail"]
    assert detail == "The body is not JSON: unexpected text in line 1, column 14."


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "x" * 8_000, "two words", "naïve", "a\tb"])
def test_an_idempotency_key_that_is_none_is_refused(key: str) -> None:
    body = {"event_id": str(make_event().pk), "quantity": 1}
    client = client_of(make_user())
    answer = client.post(reverse("bookings"), body, headers={"Idempotency-Key": key})
    assert_invalid(answer, "Idempotency-Key")
    assert not Booking.objects.exists()


BAD_QUERIES = [
    ("search", "zero\0byte"),
    ("search", "x" * 201),
    ("starts_after", "yesterday"),
    ("starts_after", "2090-06-01T19:00:00"),
    ("starts_before", ""),
    ("min_price", "NaN"),
    ("min_price", "-1"),
    ("max_price", "1.2345"),
    ("max_price", ""),
    ("available", "maybe"),
    ("available", "1"),
    ("organiser", "me"),
    ("ordering", "organiser__name"),
    ("ordering", ""),
    ("limit", "0"),
    ("limit", "-1"),
    ("limit", "101"),
    ("limit", "ten"),
    ("limit", "9" * 50),
    ("limit", ""),
    ("cursor", ""),
    ("cursor", "x"),
    ("cursor", "zero\0byte"),
    ("cursor", "W10:forged"),
    ("cursor", "é" * 2_000),
    ("serach", "jazz"),
    ("format", "xml"),
]


@pytest.mark.parametrize(("name", "value"), BAD_QUERIES, ids=lambda part: ascii(part)[:20])
def test_a_parameter_that_breaks_a_rule_is_refused(api: APIClient, name: str, value: str) -> None:
    with connection.execute_wrapper(_no_query):
        assert_invalid(api.get(reverse("events"), {name: value}), name)


def test_a_cursor_of_a_list_in_another_order_is_refused(api: APIClient) -> None:
    for _ in range(2):
        make_event()
    link = api.get(reverse("events"), {"limit": "1", "ordering": "price"}).data["next"]
    errors = assert_invalid(api.get(link.replace("ordering=price", "ordering=-price")), "cursor")
    assert "another order" in errors["cursor"][0]


@pytest.mark.parametrize("tag", ["7", "x", '"x"', "**", '"1", "2"', '"-1"', '"' + "9" * 30 + '"'])
def test_an_if_match_that_is_no_version_is_refused(
    owner: APIClient, organiser: Organiser, tag: str
) -> None:
    event = make_event(organiser)
    path = reverse("event", args=[event.pk])
    answer = owner.patch(path, {"name": "Other"}, headers={"If-Match": tag})
    assert_invalid(answer, "If-Match")
    event.refresh_from_db()
    assert event.name == "Late Jazz"


@pytest.mark.parametrize(
    "path",
    ["/api/v1/events/5", "/api/v1/bookings/A%00", "/api/v1/bookings/%FF", "/api/v1/%00", "/api/x"],
)
def test_an_address_that_does_not_exist_is_a_problem_too(api: APIClient, path: str) -> None:
    assert_problem(api.get(path), 404, "not-found")


@pytest.mark.parametrize(
    "email", ["", "x", "a@b", "a@b.c\0", "a" * 300 + "@x.org", None, 5, "\ud800"]
)
def test_an_address_that_is_none_opens_no_account(api: APIClient, email: Any) -> None:
    body = json.dumps({"email": email, "password": "correct horse battery 9"})
    assert_invalid(post_raw(api, reverse("register"), body), "email")


@pytest.mark.parametrize("password", ["short", "12345678901", "password123", "", None, "x" * 129])
def test_a_password_that_breaks_a_rule_opens_no_account(api: APIClient, password: Any) -> None:
    body = {"email": "ada@example.com", "password": password}
    assert_invalid(api.post(reverse("register"), body), "password")


def _no_query(*_: Any) -> Any:
    raise AssertionError("The database was asked with input that breaks a rule")
