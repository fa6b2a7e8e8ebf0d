"""Batches for many events: as safe as a batch for one, and nobody waits for somebody else's row."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from bookings.models import Booking
from bookings.services import BookingRequest, Outcome, Wish, book_batch, book_mixed_batch
from evently.accounts.models import User
from evently.ids import new_id
from events import inventory
from events.models import Event
from tests.harness import at_once, claimed_seats, is_sound, live_bookings
from tests.makers import make_booking, make_event, make_users

pytestmark = pytest.mark.django_db(transaction=True)


def wish(event: Event, user: User, quantity: int = 1, key: str | None = None) -> Wish:
    return event.pk, BookingRequest(user_id=user.pk, quantity=quantity, idempotency_key=key)


def book(*wishes: Wish) -> list[Outcome]:
    return book_mixed_batch(wishes=wishes, now=datetime.now(UTC))


def names(outcomes: list[Outcome]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


@contextmanager
def held(event: Event) -> Iterator[None]:
    """Somebody else has the event's row."""
    with transaction.atomic():
        Event.objects.select_for_update().get(pk=event.pk)
        yield


def test_each_event_is_judged_by_its_own_row() -> None:
    small, large = make_event(capacity=1), make_event(capacity=10)
    ada, bob, eve = make_users(3)
    outcomes = book(
        wish(small, ada),
        wish(large, ada, 2),
        wish(small, bob),
        wish(large, bob, 3),
        wish(large, eve),
    )
    assert names(outcomes) == ["Booking", "Booking", "SoldOut", "Booking", "Booking"]
    assert (claimed_seats(small), claimed_seats(large)) == (1, 6)
    assert is_sound(small)
    assert is_sound(large)
    large.refresh_from_db()
    assert large.version == 1 + 3


def test_a_mixed_batch_takes_as_few_statements_as_one_for_a_single_event() -> None:
    events, users = [make_event() for _ in range(12)], make_users(36)
    wishes = [wish(events[place % 12], user, key="k") for place, user in enumerate(users)]
    with CaptureQueriesContext(connection) as queries:
        outcomes = book(*wishes)
    assert set(names(outcomes)) == {"Booking"}
    assert len(queries) <= 10, [query["sql"][:80] for query in queries]
    assert all(is_sound(event) for event in events)


def test_nobody_waits_for_a_row_that_somebody_else_holds() -> None:
    taken, free = make_event(), make_event()
    ada, bob = make_users(2)
    with held(taken):
        [outcomes] = at_once(lambda: book(wish(taken, ada), wish(free, bob)))
    assert names(outcomes) == ["EventHeld", "Booking"]
    assert live_bookings(taken) == 0
    assert live_bookings(free) == 1


def test_an_unknown_event_is_left_to_the_batch_that_waits() -> None:
    [user] = make_users(1)
    request = BookingRequest(user_id=user.pk, quantity=1)
    event_id = new_id()
    assert names(book((event_id, request))) == ["EventHeld"]
    outcomes = book_batch(event_id=event_id, requests=[request], now=datetime.now(UTC))
    assert names(outcomes) == ["EventNotFound"]


def test_the_version_of_each_row_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody writes without the lock between the judgement and our own writing."""
    touched, other = make_event(), make_event()
    ada, bob = make_users(2)
    take = inventory._take_from_many

    def take_late(takings: Any) -> None:
        Event.objects.filter(pk=touched.pk).update(version=F("version") + 1)
        take(takings)

    monkeypatch.setattr(inventory, "_take_from_many", take_late)
    assert names(book(wish(touched, ada), wish(other, bob))) == ["EventHeld", "EventHeld"]
    assert not Booking.objects.exists()
    assert is_sound(touched)
    assert is_sound(other)


def test_what_the_database_refuses_is_judged_again_event_by_event() -> None:
    event, other = make_event(), make_event()
    [user] = make_users(1)
    outcomes = book(wish(event, User(id=new_id())), wish(other, user))
    assert names(outcomes) == ["EventHeld", "EventHeld"]
    assert not Booking.objects.exists()


def test_a_crowd_in_mixed_batches_never_oversells() -> None:
    """Batches at once over the same few events, against batches for one and single bookings."""
    events, users = [make_event(capacity=10) for _ in range(3)], make_users(90)

    def mixed(start: int) -> list[Outcome]:
        return book(*(wish(events[place % 3], users[place]) for place in range(start, start + 30)))

    def single(start: int) -> list[Outcome]:
        requests = [BookingRequest(user_id=user.pk, quantity=1) for user in users[start:]]
        return book_batch(event_id=events[0].pk, requests=requests, now=datetime.now(UTC))

    for _ in range(4):
        at_once(lambda: mixed(0), lambda: mixed(30), lambda: mixed(15), lambda: single(60))
    assert [claimed_seats(event) for event in events] == [10, 10, 10]
    assert all(is_sound(event) for event in events)


def test_the_constraint_stands_behind_the_one_statement() -> None:
    """The control: the update takes what it is told, and the table says no."""
    event, other = make_event(capacity=1), make_event(capacity=1)
    make_booking(event)
    event.refresh_from_db()
    takings = [inventory.Taking(event=each, seats=1, changes=1) for each in (event, other)]
    with pytest.raises(Exception, match="event_never_oversold"), transaction.atomic():
        inventory.take_seats_together(takings)
    assert is_sound(event)
    assert is_sound(other)
