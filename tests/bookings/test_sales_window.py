"""The time in which an event can be booked: its rules, and every door that must keep them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation
from rest_framework.test import APIClient

from bookings.models import Booking
from bookings.services import BookingRequest, book
from evently.errors import Invalid
from evently.site.templatetags.show import chip, sale_state
from events.errors import EventClosed
from events.models import Event, Organiser
from events.services import edit_event
from tests.api.shapes import assert_invalid, assert_problem
from tests.conftest import client_of
from tests.makers import make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR, DAY, INSTANT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
# The event that `make_event` makes with `STARTS_AT` ends three hours after it.
STARTS_AT = NOW + 30 * DAY
ENDS_AT = STARTS_AT + 3 * HOUR
NEW = {
    "name": "Late Jazz",
    "starts_at": "2090-06-01T19:00:00Z",
    "ends_at": "2090-06-01T21:30:00Z",
    "capacity": 100,
}


def make_sale(start: datetime | None = None, end: datetime | None = None, **fields: Any) -> Event:
    values = {"starts_at": STARTS_AT} | fields
    return make_event(sales_start_at=start, sales_end_at=end, **values)


def try_to_book(event: Event, now: datetime) -> Booking:
    request = BookingRequest(user_id=make_user().pk, quantity=1)
    return book(event_id=event.pk, request=request, now=now)


def refused(event: Event, now: datetime) -> EventClosed:
    """Why nobody can book at that instant, having seen that no seat went."""
    with pytest.raises(EventClosed) as refusal:
        try_to_book(event, now)
    event.refresh_from_db()
    assert (event.available_seats, event.version) == (event.capacity, 1)
    assert not Booking.objects.exists()
    return refusal.value


def edit(event: Event, **changes: Any) -> Event:
    return edit_event(
        event_id=event.pk,
        by=make_user(is_staff=True),
        changes=changes,
        expected_version=1,
        now=NOW,
    )


# --- Booking ------------------------------------------------------------------------------------


def test_seats_are_sold_from_the_first_instant_of_the_sale_to_the_last() -> None:
    event = make_sale(NOW + DAY, NOW + 2 * DAY)
    refused(event, NOW + DAY - INSTANT)
    refused(event, NOW + 2 * DAY)
    assert try_to_book(event, NOW + DAY)
    assert try_to_book(event, NOW + 2 * DAY - INSTANT)


def test_a_sale_without_an_end_ends_with_the_event() -> None:
    event = make_sale(NOW + DAY)
    assert str(refused(event, ENDS_AT)) == "This event is over."
    assert try_to_book(event, ENDS_AT - INSTANT)


def test_who_comes_too_early_is_told_when_the_sale_begins_on_the_events_clocks() -> None:
    starts_at = datetime(2090, 6, 1, 8, 0, tzinfo=UTC)
    event = make_sale(starts_at, starts_at=starts_at + DAY, timezone="Europe/Berlin")
    refusal = refused(event, NOW)
    assert refusal.code == "event-closed"
    assert str(refusal) == (
        "The sale begins on Thursday, June 1, 2090, 10:00\N{NARROW NO-BREAK SPACE}AM, Berlin time."
    )
    assert refusal.facts == {"sales_start_at": "2090-06-01T08:00:00Z"}


def test_who_comes_too_late_is_told_when_the_sale_ended() -> None:
    ended_at = datetime(2090, 6, 1, 8, 30, tzinfo=UTC)
    event = make_sale(end=ended_at, starts_at=ended_at + DAY, timezone="America/New_York")
    refusal = refused(event, ended_at)
    assert str(refusal) == (
        "The sale ended on Thursday, June 1, 2090, 4:30\N{NARROW NO-BREAK SPACE}AM, New York time."
    )
    assert refusal.facts == {"sales_end_at": "2090-06-01T08:30:00Z"}


def test_the_refusal_writes_dates_in_the_readers_way() -> None:
    event = make_sale(datetime(2090, 6, 1, 8, tzinfo=UTC), starts_at=NOW + 40_000 * DAY)
    with translation.override("de"):
        assert "1. Juni 2090, 10:00" in str(refused(event, NOW))


@pytest.mark.parametrize(
    ("fields", "text"),
    [({"status": "cancelled"}, "was cancelled"), ({"status": "completed"}, "is over")],
)
def test_a_cancelled_or_finished_event_says_that_and_not_when_its_sale_was(
    fields: dict[str, Any], text: str
) -> None:
    refusal = refused(make_sale(NOW + DAY, NOW + 2 * DAY, **fields), NOW)
    assert text in str(refusal)
    assert refusal.facts == {}


# --- Rules --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "constraint"),
    [
        (NOW, NOW, "event_sale_ends_after_it_starts"),
        (ENDS_AT, None, "event_sale_starts_before_its_end"),
        (None, ENDS_AT + INSTANT, "event_sale_ends_by_its_end"),
    ],
)
def test_the_table_keeps_the_sale_inside_the_time_before_the_events_end(
    start: datetime | None, end: datetime | None, constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make_sale(start, end)


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"sales_end_at": ENDS_AT + INSTANT}, "sales_end_at", "cannot go on after the event"),
        ({"sales_start_at": ENDS_AT}, "sales_start_at", "must start before the event ends"),
        (
            {"sales_start_at": NOW + DAY, "sales_end_at": NOW + DAY},
            "sales_end_at",
            "The sale must end after it starts.",
        ),
    ],
)
def test_an_edit_that_breaks_a_rule_says_which(
    changes: dict[str, datetime], field: str, text: str
) -> None:
    event = make_sale()
    with pytest.raises(Invalid) as refusal:
        edit(event, **changes)
    assert list(refusal.value.errors) == [field]
    assert text in refusal.value.errors[field][0]
    event.refresh_from_db()
    assert (event.sales_start_at, event.sales_end_at, event.version) == (None, None, 1)


def test_moving_an_event_before_the_end_of_its_sale_says_what_to_do() -> None:
    starts_at = datetime(2090, 6, 1, 18, tzinfo=UTC)
    event = make_sale(end=starts_at, starts_at=starts_at)
    with pytest.raises(Invalid) as refusal:
        edit(event, starts_at=starts_at - DAY, ends_at=starts_at - DAY + HOUR)
    told = (
        "The sale cannot go on after the event, which ends on 2090-05-31 21:00 "
        "(Europe/Berlin). Let it end by then, or leave this empty."
    )
    assert refusal.value.errors == {"sales_end_at": [told]}
    moved = {"starts_at": starts_at - DAY, "ends_at": starts_at - DAY + HOUR}
    assert edit(event, **moved, sales_end_at=None).sales_end_at is None


def test_a_wrong_zone_and_a_wrong_sale_are_told_together() -> None:
    with pytest.raises(Invalid) as refusal:
        edit(make_sale(), timezone="Mars/Base", sales_end_at=ENDS_AT + DAY)
    assert set(refusal.value.errors) == {"timezone", "sales_end_at"}


# --- The API ------------------------------------------------------------------------------------


@pytest.fixture
def organiser() -> Organiser:
    return make_organiser(make_user("Olga"))


@pytest.fixture
def owner(organiser: Organiser) -> APIClient:
    return client_of(organiser.members.get())


def test_the_api_takes_shows_and_clears_the_sale(owner: APIClient) -> None:
    sale = {"sales_start_at": "2090-05-01T10:00:00+02:00", "sales_end_at": "2090-06-01T19:00:00Z"}
    made = owner.post(reverse("events"), NEW | sale)
    assert made.json()["sales_start_at"] == "2090-05-01T08:00:00Z"
    assert made.json()["sales_end_at"] == "2090-06-01T19:00:00Z"
    address, tag = made["Location"], made["ETag"]
    cleared = owner.patch(address, {"sales_start_at": None}, headers={"If-Match": tag})
    assert cleared.json()["sales_start_at"] is None
    assert owner.get(address).json()["sales_end_at"] == "2090-06-01T19:00:00Z"


def test_the_api_shows_no_sale_times_where_none_are_set(api: APIClient) -> None:
    event = api.get(reverse("event", args=[make_event().pk])).json()
    assert (event["sales_start_at"], event["sales_end_at"]) == (None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sales_start_at", "2090-06-01T19:00:00"),
        ("sales_start_at", "2090-06-01T21:30:00Z"),
        ("sales_end_at", "2090-06-01T21:30:01Z"),
        ("sales_end_at", "never"),
        ("sales_end_at", 0),
    ],
)
def test_the_api_refuses_a_sale_that_cannot_be_at_its_field(
    owner: APIClient, field: str, value: Any
) -> None:
    assert_invalid(owner.post(reverse("events"), NEW | {field: value}), field)
    assert not Event.objects.exists()


def test_the_api_says_when_the_sale_begins() -> None:
    event = make_sale(NOW + DAY)
    body = {"event_id": str(event.pk), "quantity": 1}
    answer = client_of(make_user()).post(reverse("bookings"), body)
    problem = assert_problem(answer, 409, "event-closed")
    assert datetime.fromisoformat(problem["sales_start_at"]) == NOW + DAY


def test_only_what_can_be_booked_now_is_listed_as_available(api: APIClient) -> None:
    organiser = make_organiser()
    listed: dict[str, dict[str, Any]] = {
        "always": {},
        "begun": {"sales_start_at": NOW - DAY, "sales_end_at": NOW + DAY},
        "soon": {"sales_start_at": NOW + DAY},
        "closed": {"sales_end_at": NOW - DAY},
        "full": {"available_seats": 0},
        "off": {"status": "cancelled"},
    }
    for name, fields in listed.items():
        make_event(organiser, name=name, **{"starts_at": STARTS_AT} | fields)

    def found(**query: str) -> set[str]:
        return {event["name"] for event in api.get(reverse("events"), query).json()["results"]}

    assert found(available="true") == {"always", "begun"}
    assert found(available="true", organiser=str(organiser.pk)) == {"always", "begun"}
    assert found() == {"always", "begun", "soon", "closed", "full"}


# --- What a visitor sees ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "fields", "state", "words"),
    [
        (DAY, None, {}, "soon", "On sale soon"),
        (DAY, None, {"available_seats": 0}, "soon", "On sale soon"),
        (None, -DAY, {}, "closed", "Sale ended"),
        (-DAY, DAY, {}, "on-sale", "On sale"),
        (-DAY, DAY, {"available_seats": 0}, "sold-out", "Sold out"),
        (-DAY, DAY, {"available_seats": 3}, "few-left", "Few left"),
        (DAY, None, {"status": "cancelled"}, "cancelled", "Cancelled"),
        (DAY, None, {"status": "draft"}, "draft", "Draft"),
    ],
)
def test_the_chip_says_how_the_sale_stands(
    start: timedelta | None,
    end: timedelta | None,
    fields: dict[str, Any],
    state: str,
    words: str,
) -> None:
    now = timezone.now()
    event = make_sale(now + start if start else None, now + end if end else None, **fields)
    assert (sale_state(event), chip(state)) == (state, words)


def test_an_event_that_is_over_is_past_whatever_its_sale_says() -> None:
    starts_at = timezone.now() - DAY
    assert sale_state(make_sale(end=starts_at, starts_at=starts_at)) == "past"
