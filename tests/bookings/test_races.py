"""Races for seats, and each wall by itself.

Each race has its behaviour with every wall in place, then one test for each wall that can win it
alone, in the interleaving that is worst for it, and a control without any wall in which the seat
is sold twice: without that one, nothing would show that the harness can see an oversell.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError

from bookings.models import Booking
from bookings.services import BookingRequest, book, cancel_booking
from evently.accounts.models import User
from events.errors import CapacityBelowTaken, StaleEvent
from events.models import Event
from events.services import audit_inventory, edit_event
from tests.harness import (
    Outcome,
    at_once,
    claimed_seats,
    is_sound,
    kinds,
    let_both_decide_first,
    let_one_wait_for_the_other,
    live_bookings,
    pause_before_writing,
    without_constraints,
    without_redis_lock,
    without_row_lock,
    without_version_check,
    writing_what_was_read,
)
from tests.makers import make_booking, make_event, make_organiser, make_user, make_users

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 12

Patch = pytest.MonkeyPatch


def booking_of(event: Event, user: User) -> Callable[[], Booking]:
    request = BookingRequest(user_id=user.pk, quantity=1)
    return partial(book, event_id=event.pk, request=request, now=datetime.now(UTC))


def cancelling(booking: Booking) -> Callable[[], Booking]:
    return partial(
        cancel_booking, reference=booking.reference, by=booking.user, now=datetime.now(UTC)
    )


def editing(event: Event, **changes: Any) -> Callable[[], Event]:
    """An edit by the organiser's owner, who read the event as it stands now."""
    return partial(
        edit_event,
        event_id=event.pk,
        by=event.organiser.members.get(),
        changes=changes,
        expected_version=Event.objects.get(pk=event.pk).version,
        now=datetime.now(UTC),
    )


def make_owned_event(**fields: Any) -> Event:
    return make_event(make_organiser(make_user("Olga")), **fields)


def only_row_lock(patch: Patch) -> None:
    without_redis_lock(patch)
    without_version_check(patch)
    let_one_wait_for_the_other(patch)


def only_version_check(patch: Patch) -> None:
    without_redis_lock(patch)
    without_row_lock(patch)
    let_both_decide_first(patch)


def only_constraints(patch: Patch) -> None:
    without_redis_lock(patch)
    without_row_lock(patch)
    without_version_check(patch)
    let_both_decide_first(patch)


def no_walls(patch: Patch) -> None:
    without_redis_lock(patch)
    without_row_lock(patch)
    writing_what_was_read(patch)
    let_both_decide_first(patch)


# --- The last seat ------------------------------------------------------------------------------


def race_for_the_last_seat(people: int = 2) -> tuple[Event, list[Outcome]]:
    event = make_event(capacity=1)
    return event, at_once(*(booking_of(event, user) for user in make_users(people)))


def test_the_last_seat_is_sold_once_to_a_crowd() -> None:
    event, outcomes = race_for_the_last_seat(CROWD)
    assert kinds(outcomes) == ["Booking"] + ["SoldOut"] * (CROWD - 1)
    assert live_bookings(event) == 1
    assert is_sound(event)


def test_the_row_lock_alone_saves_the_last_seat(monkeypatch: Patch, no_constraints: None) -> None:
    only_row_lock(monkeypatch)
    event, outcomes = race_for_the_last_seat()
    assert kinds(outcomes) == ["Booking", "SoldOut"]
    assert live_bookings(event) == 1
    assert is_sound(event)


def test_the_version_check_alone_saves_the_last_seat(
    monkeypatch: Patch, no_constraints: None
) -> None:
    only_version_check(monkeypatch)
    event, outcomes = race_for_the_last_seat()
    assert kinds(outcomes) == ["Booking", "Busy"]
    assert live_bookings(event) == 1
    assert is_sound(event)


def test_the_constraint_alone_saves_the_last_seat(monkeypatch: Patch) -> None:
    only_constraints(monkeypatch)
    event, outcomes = race_for_the_last_seat()
    assert kinds(outcomes) == ["Booking", "IntegrityError"]
    assert live_bookings(event) == 1
    assert is_sound(event)


def test_without_walls_the_last_seat_is_sold_twice_and_the_audit_sees_it(
    monkeypatch: Patch, no_constraints: None
) -> None:
    no_walls(monkeypatch)
    event, outcomes = race_for_the_last_seat()
    assert kinds(outcomes) == ["Booking", "Booking"]
    assert claimed_seats(event) == 2 > event.capacity
    assert not is_sound(event)
    assert audit_inventory(now=datetime.now(UTC)).drift_seats == 1


# --- The same person twice ----------------------------------------------------------------------


def race_of_one_person(clicks: int = 2) -> tuple[Event, list[Outcome]]:
    event, user = make_event(), make_user()
    return event, at_once(*[booking_of(event, user)] * clicks)


def test_one_person_clicking_like_mad_gets_one_booking() -> None:
    event, outcomes = race_of_one_person(CROWD)
    assert kinds(outcomes).count("Booking") == 1
    assert set(kinds(outcomes)) <= {"Booking", "BookingInProgress", "AlreadyBooked"}
    assert live_bookings(event) == 1
    assert is_sound(event)


def test_the_redis_lock_alone_stops_the_second_click(
    monkeypatch: Patch, no_constraints: None
) -> None:
    """The second click comes while the first has read everything and written nothing."""
    event, user = make_event(), make_user()
    click = booking_of(event, user)
    first, second = threading.Lock(), list[Outcome]()

    def click_again(_patience: float) -> None:
        if first.acquire(blocking=False):
            second.extend(at_once(click))

    without_row_lock(monkeypatch)
    writing_what_was_read(monkeypatch)
    pause_before_writing(monkeypatch, click_again)
    assert kinds([*at_once(click), *second]) == ["Booking", "BookingInProgress"]
    assert live_bookings(event) == 1


def test_the_row_lock_alone_stops_the_second_click(
    monkeypatch: Patch, no_constraints: None
) -> None:
    only_row_lock(monkeypatch)
    event, outcomes = race_of_one_person()
    assert kinds(outcomes) == ["AlreadyBooked", "Booking"]
    assert live_bookings(event) == 1
    assert is_sound(event)


def test_the_version_check_alone_stops_the_second_click(
    monkeypatch: Patch, no_constraints: None
) -> None:
    only_version_check(monkeypatch)
    event, outcomes = race_of_one_person()
    assert kinds(outcomes) == ["Booking", "Busy"]
    assert live_bookings(event) == 1
    assert is_sound(event)


def test_the_constraint_alone_stops_the_second_click(monkeypatch: Patch) -> None:
    only_constraints(monkeypatch)
    event, outcomes = race_of_one_person()
    assert kinds(outcomes) == ["AlreadyBooked", "Booking"]
    assert live_bookings(event) == 1
    assert is_sound(event)


def test_without_walls_one_person_gets_two_bookings(
    monkeypatch: Patch, no_constraints: None
) -> None:
    no_walls(monkeypatch)
    event, outcomes = race_of_one_person()
    assert kinds(outcomes) == ["Booking", "Booking"]
    assert live_bookings(event) == 2


# --- Cancelling against booking -----------------------------------------------------------------


def race_of_a_cancellation(seats: int) -> tuple[Event, list[Outcome]]:
    """One of two seats or more is cancelled while somebody books another."""
    event = make_event(capacity=seats)
    booked = make_booking(event)
    make_booking(event)
    return event, at_once(cancelling(booked), booking_of(event, make_user()))


def test_a_seat_freed_while_somebody_books_is_counted_once() -> None:
    event, [cancelled, booked] = race_of_a_cancellation(seats=2)
    assert isinstance(cancelled, Booking)
    assert kinds([booked]) in (["Booking"], ["SoldOut"])
    assert live_bookings(event) == 1 + isinstance(booked, Booking)
    assert is_sound(event)


def test_the_row_lock_alone_keeps_both_movements(monkeypatch: Patch, no_constraints: None) -> None:
    without_redis_lock(monkeypatch)
    event = make_event(capacity=3)
    booked = make_booking(event)
    writing_what_was_read(monkeypatch)
    let_one_wait_for_the_other(monkeypatch)
    outcomes = at_once(cancelling(booked), booking_of(event, make_user()))
    assert kinds(outcomes) == ["Booking", "Booking"]
    assert is_sound(event)


def test_the_version_check_alone_refuses_the_later_movement(
    monkeypatch: Patch, no_constraints: None
) -> None:
    event = make_event(capacity=3)
    booked = make_booking(event)
    only_version_check(monkeypatch)
    outcomes = at_once(cancelling(booked), booking_of(event, make_user()))
    assert kinds(outcomes) == ["Booking", "Busy"]
    assert is_sound(event)


def test_without_walls_one_movement_is_lost(monkeypatch: Patch, no_constraints: None) -> None:
    event = make_event(capacity=3)
    booked = make_booking(event)
    no_walls(monkeypatch)
    outcomes = at_once(cancelling(booked), booking_of(event, make_user()))
    assert kinds(outcomes) == ["Booking", "Booking"]
    assert not is_sound(event)


# --- Cancelling twice ---------------------------------------------------------------------------


def race_to_cancel(event: Event, booked: Booking) -> list[Outcome]:
    return at_once(cancelling(booked), cancelling(booked))


def test_a_booking_cancelled_twice_at_once_frees_its_seats_once() -> None:
    event = make_event(capacity=3)
    assert kinds(race_to_cancel(event, make_booking(event))) == ["AlreadyCancelled", "Booking"]
    assert is_sound(event)


def test_the_row_lock_alone_frees_seats_once(monkeypatch: Patch, no_constraints: None) -> None:
    event = make_event(capacity=3)
    booked = make_booking(event)
    only_row_lock(monkeypatch)
    assert kinds(race_to_cancel(event, booked)) == ["AlreadyCancelled", "Booking"]
    assert is_sound(event)


def test_the_version_check_alone_frees_seats_once(monkeypatch: Patch, no_constraints: None) -> None:
    event = make_event(capacity=3)
    booked = make_booking(event)
    only_version_check(monkeypatch)
    assert kinds(race_to_cancel(event, booked)) == ["Booking", "Busy"]
    assert is_sound(event)


def test_the_constraint_alone_never_fills_an_event_beyond_its_capacity(
    monkeypatch: Patch,
) -> None:
    event = make_event(capacity=3)
    booked = make_booking(event)
    only_constraints(monkeypatch)
    assert kinds(race_to_cancel(event, booked)) == ["Booking", "IntegrityError"]
    assert is_sound(event)


def test_without_walls_a_seat_is_freed_twice(monkeypatch: Patch, no_constraints: None) -> None:
    event = make_event(capacity=3)
    booked = make_booking(event)
    without_row_lock(monkeypatch)
    without_version_check(monkeypatch)
    let_both_decide_first(monkeypatch)
    assert kinds(race_to_cancel(event, booked)) == ["Booking", "Booking"]
    assert not is_sound(event)


# --- Capacity lowered against booking -----------------------------------------------------------


def race_of_a_smaller_hall() -> tuple[Event, list[Outcome]]:
    """Two seats, one sold: the organiser takes the free one away while somebody books it."""
    event = make_owned_event(capacity=2, available_seats=1)
    Booking.objects.create(
        event=event, user=make_user(), quantity=1, unit_price=20, created_at=event.created_at
    )
    return event, at_once(editing(event, capacity=1), booking_of(event, make_user()))


def test_a_seat_is_sold_or_taken_away_and_never_both() -> None:
    event, [edited, booked] = race_of_a_smaller_hall()
    if isinstance(booked, Booking):
        assert isinstance(edited, CapacityBelowTaken)
        assert edited.facts == {
            "capacity": 1, "taken": 2, "confirmed": 2, "held": 0, "offered": 0
        }  # fmt: skip
    else:
        assert kinds([edited, booked]) == ["Event", "SoldOut"]
    assert is_sound(event)


def test_the_row_lock_alone_keeps_the_hall_in_order(
    monkeypatch: Patch, no_constraints: None
) -> None:
    only_row_lock(monkeypatch)
    event, outcomes = race_of_a_smaller_hall()
    assert kinds(outcomes) in (["Booking", "CapacityBelowTaken"], ["Event", "SoldOut"])
    assert is_sound(event)


def test_the_version_check_alone_keeps_the_hall_in_order(
    monkeypatch: Patch, no_constraints: None
) -> None:
    only_version_check(monkeypatch)
    event, outcomes = race_of_a_smaller_hall()
    assert kinds(outcomes) in (["Booking", "Busy"], ["Busy", "Event"])
    assert is_sound(event)


def test_the_constraint_alone_keeps_the_hall_in_order(monkeypatch: Patch) -> None:
    only_constraints(monkeypatch)
    event, outcomes = race_of_a_smaller_hall()
    assert kinds(outcomes) in (["Booking", "IntegrityError"], ["Event", "IntegrityError"])
    assert is_sound(event)


def test_without_walls_the_hall_is_oversold(monkeypatch: Patch, no_constraints: None) -> None:
    no_walls(monkeypatch)
    event, outcomes = race_of_a_smaller_hall()
    assert kinds(outcomes) == ["Booking", "Event"]
    assert not is_sound(event)


# --- Editing against editing --------------------------------------------------------------------


def race_of_two_editors() -> tuple[Event, list[Outcome]]:
    event = make_owned_event(name="Old name")
    return event, at_once(editing(event, name="Hers"), editing(event, name="His"))


def name_stands(event: Event, outcomes: list[Outcome]) -> bool:
    """Whether what the one editor was told is what the row says."""
    [told] = [outcome.name for outcome in outcomes if isinstance(outcome, Event)]
    return bool(Event.objects.get(pk=event.pk).name == told)


def test_of_two_editors_the_second_is_told() -> None:
    event, outcomes = race_of_two_editors()
    assert kinds(outcomes) == ["Event", "StaleEvent"]
    assert name_stands(event, outcomes)


def test_the_row_lock_alone_tells_the_second_editor(monkeypatch: Patch) -> None:
    only_row_lock(monkeypatch)
    event, outcomes = race_of_two_editors()
    assert kinds(outcomes) == ["Event", "StaleEvent"]
    [refusal] = [outcome for outcome in outcomes if isinstance(outcome, StaleEvent)]
    assert refusal.facts == {"current_version": event.version + 1}
    assert name_stands(event, outcomes)


def test_the_version_check_alone_stops_the_second_editor(monkeypatch: Patch) -> None:
    only_version_check(monkeypatch)
    event, outcomes = race_of_two_editors()
    assert kinds(outcomes) == ["Busy", "Event"]
    assert name_stands(event, outcomes)


def test_without_walls_one_edit_is_lost_silently(monkeypatch: Patch) -> None:
    no_walls(monkeypatch)
    _, outcomes = race_of_two_editors()
    assert kinds(outcomes) == ["Event", "Event"]


# --- The harness itself -------------------------------------------------------------------------


def test_constraints_taken_out_for_a_control_come_back() -> None:
    with without_constraints():
        make_event(capacity=1, available_seats=5)
    with pytest.raises(IntegrityError, match="event_never_overfilled"):
        make_event(capacity=1, available_seats=5)
