"""The two primitives that move seats, and the rules of the table behind them."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from evently.errors import Busy
from evently.facts import subscribe
from evently.transactions import unit_of_work
from events import inventory
from events.errors import CapacityBelowTaken, EventNotFound
from events.facts import EventStateChanged
from events.inventory import (
    change_capacity,
    count_claims,
    return_seats,
    serve_queue,
    take_seats,
)
from events.locks import lock_event
from events.models import MAX_CAPACITY, Event
from tests.harness import is_sound
from tests.makers import make_booking, make_event

pytestmark = pytest.mark.django_db
# For tests of what happens at the commit, or in several threads.
real_commits = pytest.mark.django_db(transaction=True)


def stands(event: Event) -> tuple[int, int, int]:
    row = Event.objects.get(pk=event.pk)
    return row.capacity, row.available_seats, row.version


def test_taking_and_returning_seats_moves_the_counter_and_the_version() -> None:
    event = make_event(capacity=10)
    with unit_of_work():
        locked = lock_event(event.pk)
        take_seats(locked, seats=5, changes=3)
        assert (locked.available_seats, locked.version) == (5, 4)
        return_seats(locked, seats=2, now=timezone.now())
    assert stands(event) == (10, 7, 5)
    assert (locked.available_seats, locked.version) == (7, 5)


def test_a_row_that_changed_since_it_was_read_is_not_moved() -> None:
    event = make_event(capacity=10)
    Event.objects.update(version=F("version") + 1)
    with pytest.raises(Busy), unit_of_work():
        take_seats(event, seats=1)
    assert stands(event) == (10, 10, 2)


@pytest.mark.parametrize("seats", [11, -1])
def test_the_table_refuses_a_counter_outside_its_bounds(seats: int) -> None:
    event = make_event(capacity=10)
    with pytest.raises(IntegrityError), unit_of_work():
        take_seats(event, seats=seats)
    assert stands(event) == (10, 10, 1)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"available_seats": -1}, "event_never_oversold"),
        ({"available_seats": 11}, "event_never_overfilled"),
        ({"capacity": 9}, "event_never_overfilled"),
        ({"capacity": 0, "available_seats": 0}, "event_capacity_in_range"),
        ({"capacity": MAX_CAPACITY + 1}, "event_capacity_in_range"),
        ({"price": -1}, "event_price_not_negative"),
        ({"ends_at": F("starts_at")}, "event_ends_after_it_starts"),
    ],
)
def test_the_table_keeps_its_rules_whoever_writes(
    values: dict[str, object], constraint: str
) -> None:
    event = make_event(capacity=10)
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(**values)
    assert stands(event) == (10, 10, 1)


def test_capacity_moves_with_the_free_seats() -> None:
    event = make_event(capacity=10)
    make_booking(event, quantity=4)
    for capacity in (12, 4):
        with unit_of_work():
            change_capacity(lock_event(event.pk), capacity=capacity, now=timezone.now())
        assert is_sound(event)
    assert stands(event) == (4, 0, 4)
    with pytest.raises(CapacityBelowTaken), unit_of_work():
        change_capacity(lock_event(event.pk), capacity=3, now=timezone.now())
    assert stands(event) == (4, 0, 4)


def test_every_claim_that_is_registered_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def count_offers(event_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
        return {event_id: {"offered": 2} for event_id in event_ids}

    monkeypatch.setattr(inventory, "_claim_counters", [*inventory._claim_counters])
    inventory.register_claims(count_offers)
    inventory.register_claims(count_offers)
    event, empty = make_event(), make_event()
    make_booking(event, quantity=3)
    claims = count_claims([event.pk, empty.pk])
    assert claims == {event.pk: {"confirmed": 3, "offered": 2}, empty.pk: {"offered": 2}}


@real_commits
def test_a_change_that_is_rolled_back_is_not_told() -> None:
    event, heard = make_event(), list[EventStateChanged]()
    subscribe(EventStateChanged, heard.append)
    with suppress(IntegrityError), unit_of_work():
        take_seats(event, seats=1)
        take_seats(event, seats=1000)
    assert not [fact for fact in heard if fact.event_id == event.pk]
    with unit_of_work():
        take_seats(lock_event(event.pk), seats=1)
    assert [fact.available_seats for fact in heard if fact.event_id == event.pk] == [99]


def test_an_unknown_event_cannot_be_locked() -> None:
    with pytest.raises(EventNotFound), unit_of_work():
        lock_event(UUID(int=1))


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A queue that takes up to three of what it is offered, and what it was offered each time."""
    offered: list[int] = []

    def serve(event: Event, free: int, now: datetime) -> int:
        offered.append(free)
        return min(free, 3)

    monkeypatch.setattr(inventory, "_queues", [serve])
    return offered


def test_seats_that_come_back_are_for_those_who_wait_first(queue: list[int]) -> None:
    event = make_event(capacity=10)
    make_booking(event, quantity=9)
    with unit_of_work():
        return_seats(lock_event(event.pk), seats=4, now=timezone.now())
    assert queue == [5]
    assert stands(event)[:2] == (10, 2)


def test_seats_that_are_added_are_for_those_who_wait_first(queue: list[int]) -> None:
    event = make_event(capacity=10)
    make_booking(event, quantity=10)
    with unit_of_work():
        change_capacity(lock_event(event.pk), capacity=12, now=timezone.now())
    assert stands(event)[:2] == (12, 0)
    with unit_of_work():
        change_capacity(lock_event(event.pk), capacity=16, now=timezone.now())
    assert stands(event)[:2] == (16, 1)


def test_those_who_wait_are_served_from_what_is_free(queue: list[int]) -> None:
    event = make_event(capacity=10)
    make_booking(event, quantity=8)
    with unit_of_work():
        serve_queue(lock_event(event.pk), now=timezone.now())
    assert stands(event) == (10, 0, 3)
    with unit_of_work():
        serve_queue(lock_event(event.pk), now=timezone.now())
    assert queue == [2, 0]
    assert stands(event) == (10, 0, 3)
