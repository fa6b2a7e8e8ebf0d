"""Booking seats through the service: one person, and batches."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client import REGISTRY
from pytest_django import Settings

from bookings.errors import AlreadyBooked, BookingInProgress, SoldOut
from bookings.locks import hold_booking_locks
from bookings.models import Booking
from bookings.services import BookingRequest, book, book_batch, cancel_booking
from bookings.services.booking import Outcome
from evently.accounts.models import User
from evently.errors import Invalid, Refusal
from evently.ids import new_id
from events.errors import EventClosed, EventNotFound
from events.models import Event
from tests.harness import is_sound, kinds, live_bookings
from tests.makers import make_booking, make_event, make_user, make_users

NOW = datetime.now(UTC)
# A closed port: connections are refused, as when Redis is down.
NO_REDIS = "redis://127.0.0.1:1/0"

pytestmark = pytest.mark.django_db
# For tests of what happens at the commit, or in several threads.
real_commits = pytest.mark.django_db(transaction=True)


def wish(user: User, quantity: int = 1) -> BookingRequest:
    return BookingRequest(user_id=user.pk, quantity=quantity)


def refused(event: Event, user: User, quantity: int = 1, now: datetime = NOW) -> Refusal:
    """The refusal of a booking, having seen that it left everything as it was."""
    before = Event.objects.values().get(pk=event.pk), live_bookings(event)
    with pytest.raises(Refusal) as refusal:
        book(event_id=event.pk, request=wish(user, quantity), now=now)
    assert (Event.objects.values().get(pk=event.pk), live_bookings(event)) == before
    return refusal.value


def counted(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0


# --- One person ---------------------------------------------------------------------------------


def test_a_booking_has_the_price_of_its_instant_and_takes_its_seats() -> None:
    event, user = make_event(capacity=10, price=Decimal("12.50"), currency="CHF"), make_user()
    booking = book(event_id=event.pk, request=wish(user, 3), now=NOW)
    booking.refresh_from_db()
    assert (booking.user, booking.quantity, booking.status) == (user, 3, "confirmed")
    assert (booking.total, booking.currency) == (Decimal("37.50"), "CHF")
    assert booking.created_at == NOW
    event.refresh_from_db()
    assert (event.available_seats, event.version, event.edited_version) == (7, 2, 1)
    assert is_sound(event)


def test_everybody_who_is_logged_in_may_book_the_organisers_own_people_too() -> None:
    event, owner = make_event(), make_user("Olga")
    event.organiser.memberships.create(user=owner, role="owner")
    assert make_booking(event, owner).user == owner
    assert make_booking(event, make_user("Stranger")).event == event


def test_a_sold_out_event_refuses_and_says_how_many_seats_are_left() -> None:
    event = make_event(capacity=2)
    make_booking(event)
    refusal = refused(event, make_user(), quantity=2)
    assert isinstance(refusal, SoldOut)
    assert refusal.facts == {
        "available_seats": 1,
        "waitlist": f"/api/v1/events/{event.pk}/waitlist",
    }
    assert str(refusal) == "1 seat is left. You asked for 2."
    make_booking(event)
    assert str(refused(event, make_user())) == "This event is sold out."


@pytest.mark.parametrize("quantity", [0, -1, 5])
def test_a_booking_has_between_one_and_the_events_most_seats(quantity: int) -> None:
    event = make_event(max_per_booking=4)
    refusal = refused(event, make_user(), quantity)
    assert isinstance(refusal, Invalid)
    assert refusal.errors == {"quantity": ["Choose between 1 and 4 seats."]}


def test_a_second_booking_of_one_event_is_refused_and_of_another_is_not() -> None:
    user, first, second = make_user(), make_event(), make_event()
    make_booking(first, user)
    assert isinstance(refused(first, user), AlreadyBooked)
    assert make_booking(second, user).event == second


def test_whoever_cancelled_may_book_again() -> None:
    user, event = make_user(), make_event()
    cancel_booking(reference=make_booking(event, user).reference, by=user, now=NOW)
    make_booking(event, user)
    assert live_bookings(event) == 1
    assert is_sound(event)


def test_an_event_may_allow_a_person_to_book_again() -> None:
    user, event = make_user(), make_event(repeat_bookings_allowed=True)
    make_booking(event, user, quantity=2)
    make_booking(event, user, quantity=3)
    assert live_bookings(event) == 2
    assert is_sound(event)


def test_an_event_that_forbids_repeats_later_refuses_those_who_hold_a_booking() -> None:
    user, event = make_user(), make_event(repeat_bookings_allowed=True)
    make_booking(event, user)
    Event.objects.update(repeat_bookings_allowed=False)
    assert isinstance(refused(event, user), AlreadyBooked)


@pytest.mark.parametrize(
    ("fields", "error", "text"),
    [
        ({"status": "draft"}, EventNotFound, "no such event"),
        ({"status": "cancelled"}, EventClosed, "was cancelled"),
        ({"status": "completed"}, EventClosed, "is over"),
        ({"starts_at": NOW - timedelta(hours=9)}, EventClosed, "is over"),
    ],
)
def test_an_event_that_is_not_on_sale_refuses(
    fields: dict[str, Any], error: type[Refusal], text: str
) -> None:
    refusal = refused(make_event(**fields), make_user())
    assert isinstance(refusal, error)
    assert text in str(refusal)


def test_an_event_sells_until_its_end_and_not_an_instant_longer() -> None:
    event, user = make_event(), make_user()
    assert isinstance(refused(event, user, now=event.ends_at), EventClosed)
    last_instant = event.ends_at - timedelta(microseconds=1)
    assert book(event_id=event.pk, request=wish(user), now=last_instant)


def test_an_unknown_event_refuses() -> None:
    with pytest.raises(EventNotFound):
        book(event_id=new_id(), request=wish(make_user()), now=NOW)
    assert not Booking.objects.exists()


def test_a_request_under_way_refuses_the_same_persons_next_one_for_that_event_only() -> None:
    event, other, user = make_event(), make_event(), make_user()
    with hold_booking_locks([(user.pk, event.pk)]) as held:
        assert held == [True]
        assert isinstance(refused(event, user), BookingInProgress)
        assert make_booking(other, user)
        assert make_booking(event)
    assert make_booking(event, user)


# --- Batches ------------------------------------------------------------------------------------


def book_all(event: Event, *requests: BookingRequest) -> list[Outcome]:
    return book_batch(event_id=event.pk, requests=requests, now=NOW)


def book_together(event: Event, *requests: BookingRequest) -> list[Outcome]:
    """Book a batch, having seen that the judgement was right: the database had no part in it.

    A batch that the database refuses is booked one by one, which comes to the same and is slow.
    """
    with CaptureQueriesContext(connection) as queries:
        outcomes = book_all(event, *requests)
    assert sum("FOR UPDATE" in query["sql"] for query in queries) == 1
    return outcomes


@real_commits
@pytest.mark.parametrize("size", [1, 40])
def test_a_batch_of_any_size_takes_at_most_ten_statements(size: int) -> None:
    event = make_event(capacity=100)
    requests = [
        BookingRequest(user_id=user.pk, quantity=1, idempotency_key="first click")
        for user in make_users(size)
    ]
    with CaptureQueriesContext(connection) as queries:
        outcomes = book_batch(event_id=event.pk, requests=requests, now=datetime.now(UTC))
    assert all(isinstance(outcome, Booking) for outcome in outcomes)
    assert len(queries) <= 10, [query["sql"][:80] for query in queries]


def test_a_batch_is_judged_in_order_of_arrival() -> None:
    event = make_event(capacity=5)
    users = make_users(4)
    wishes = [wish(user, seats) for user, seats in zip(users, (3, 3, 2, 1), strict=True)]
    first, second, third, fourth = book_together(event, *wishes)
    assert isinstance(first, Booking)
    assert isinstance(second, SoldOut)
    assert second.facts["available_seats"] == 2
    assert isinstance(third, Booking)
    assert isinstance(fourth, SoldOut)
    event.refresh_from_db()
    assert (event.available_seats, event.version) == (0, 3)
    assert is_sound(event)


def test_a_batch_without_requests_is_no_work() -> None:
    assert book_all(make_event()) == []


def test_an_unknown_event_refuses_the_whole_batch() -> None:
    requests = [wish(user) for user in make_users(2)]
    outcomes = book_batch(event_id=new_id(), requests=requests, now=NOW)
    assert kinds(outcomes) == ["EventNotFound", "EventNotFound"]


@real_commits
def test_a_request_that_the_database_refuses_does_not_fail_its_neighbours() -> None:
    """Somebody whose account is deleted at that moment: the foreign key refuses the commit."""
    event, gone = make_event(capacity=2), User(id=new_id())
    before, after, late = make_users(3)
    outcomes = book_all(event, wish(before), wish(gone), wish(after), wish(late))
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Booking", "IntegrityError", "Booking", "SoldOut"
    ]  # fmt: skip
    assert live_bookings(event) == 2
    assert is_sound(event)


def test_the_same_person_twice_in_a_batch_is_booked_once() -> None:
    event, user = make_event(), make_user()
    first, second = book_all(event, wish(user), wish(user, 2))
    assert isinstance(first, Booking)
    assert isinstance(second, BookingInProgress)
    assert live_bookings(event) == 1
    assert is_sound(event)


def test_a_batch_counts_what_it_confirmed_and_refused() -> None:
    names = ("evently_bookings_total", "evently_seats_booked_total")
    before = [counted(name) for name in names]
    user, other = make_users(2)
    event = make_event(capacity=3)
    keyed = BookingRequest(user_id=user.pk, quantity=2, idempotency_key="one")
    book_all(event, keyed, wish(other, 2))
    book_all(event, keyed)
    assert [counted(name) for name in names] == [before[0] + 1, before[1] + 2]


# --- Redis is out -------------------------------------------------------------------------------


@pytest.fixture
def no_redis(settings: Settings) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": NO_REDIS}}


def test_a_batch_is_booked_without_redis_and_a_metric_says_so(no_redis: None) -> None:
    event = make_event(capacity=2)
    before = counted("evently_booking_locks_skipped_total")
    outcomes = book_all(event, *(wish(user) for user in make_users(3)))
    assert kinds(outcomes) == ["Booking", "Booking", "SoldOut"]
    assert counted("evently_booking_locks_skipped_total") == before + 3
    assert is_sound(event)


def test_without_redis_the_same_person_twice_in_a_batch_is_still_booked_once(
    no_redis: None,
) -> None:
    event, user = make_event(), make_user()
    first, second = book_together(event, wish(user), wish(user))
    assert isinstance(first, Booking)
    assert isinstance(second, AlreadyBooked)
    assert is_sound(event)
