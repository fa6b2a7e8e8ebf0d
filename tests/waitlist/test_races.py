"""Races of those who wait, of the organiser and of the jobs.

As in `tests/bookings/test_races.py`: each behaviour with every wall in place, then what one wall
does alone in the worst interleaving, and a control without any in which the harm is seen. Here the
walls are the lock on the event's row, and the check that what is ended was still going on; where
seats change hands with the public, the version of the event's row.
"""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.utils.module_loading import import_string

from bookings.models import Booking
from bookings.services import BookingRequest, book, cancel_booking
from evently.accounts.models import User
from events.models import Event
from tests.harness import (
    PATIENCE_SECONDS,
    at_once,
    kinds,
    let_both_decide_first,
    let_one_wait_for_the_other,
    live_bookings,
    without_constraints,
    without_redis_lock,
    without_row_lock,
    without_version_check,
    writing_what_was_read,
)
from tests.makers import make_booking, make_event, make_user
from tests.waitlist.people import (
    adds_up,
    cancel_one,
    free_seats,
    is_sound,
    make_entry,
    make_full_event,
    offer_of,
    offered,
    status_of,
)
from waitlist.models import Entry, Offer
from waitlist.services import (
    accept_offer,
    decline_offer,
    expire_offers,
    join_waitlist,
    sweep,
    withdraw_offer,
)

pytestmark = pytest.mark.django_db(transaction=True)

Patch = pytest.MonkeyPatch
Call = Callable[[], Any]


@pytest.fixture
def no_constraints(transactional_db: None) -> Iterator[None]:
    with without_constraints():
        yield


def make_offer() -> Offer:
    """The only seat of an event is offered to the first of two who wait."""
    event = make_full_event()
    first, _ = make_entry(event), make_entry(event)
    cancel_one(event)
    return offer_of(first)


def accepting(offer: Offer) -> Call:
    """In the last moment."""
    at = offer.expires_at - timedelta(microseconds=1)
    return partial(accept_offer, offer_id=offer.pk, user=offer.user, now=at)


def declining(offer: Offer) -> Call:
    return partial(decline_offer, offer_id=offer.pk, user=offer.user, now=datetime.now(UTC))


def withdrawing(offer: Offer) -> Call:
    staff = make_user("Sam", is_staff=True)
    return partial(withdraw_offer, offer_id=offer.pk, by=staff, now=datetime.now(UTC))


def expiring(offer: Offer) -> Call:
    return partial(expire_offers, now=offer.expires_at)


def cancelling(booking: Booking) -> Call:
    return partial(
        cancel_booking, reference=booking.reference, by=booking.user, now=datetime.now(UTC)
    )


def joining(event: Event, user: User) -> Call:
    return partial(join_waitlist, event_id=event.pk, user=user, quantity=1, now=datetime.now(UTC))


def ended(offer: Offer) -> str:
    return Offer.objects.get(pk=offer.pk).status


def only_row_lock(patch: Patch) -> None:
    without_check(patch)
    without_version_check(patch)
    let_one_wait_for_the_other(patch)


def only_check(patch: Patch) -> None:
    without_row_lock(patch)
    without_version_check(patch)
    let_both_decide_first(patch)


def no_walls(patch: Patch) -> None:
    without_row_lock(patch)
    without_check(patch)
    without_version_check(patch)
    let_both_decide_first(patch)


def without_check(patch: Patch) -> None:
    """Nobody minds that what is to be ended has ended."""
    patch.setattr("waitlist.services.rows._require_all", lambda rows, written: None)


# --- Accepting against expiry -------------------------------------------------------------------


def is_booked_or_passed(offer: Offer) -> bool:
    """One of the two and not both, and the seat is where it belongs."""
    booked = live_bookings(offer.event)
    went_on = len(offered(offer.event))
    return (ended(offer), booked, went_on) in (("accepted", 1, 0), ("lapsed", 0, 1)) and is_sound(
        offer.event
    )


def test_an_offer_is_accepted_or_passes_and_never_both() -> None:
    offer = make_offer()
    [accepted, passed] = at_once(accepting(offer), expiring(offer))
    assert (kinds([accepted]), passed) in ((["Booking"], 0), (["OfferPassed"], 1))
    assert is_booked_or_passed(offer)


def test_the_row_lock_alone_decides_about_a_late_click(monkeypatch: Patch) -> None:
    offer = make_offer()
    only_row_lock(monkeypatch)
    [accepted, passed] = at_once(accepting(offer), expiring(offer))
    assert (kinds([accepted]), passed) in ((["Booking"], 0), (["OfferPassed"], 1))
    assert is_booked_or_passed(offer)


def test_the_check_alone_decides_about_a_late_click(monkeypatch: Patch) -> None:
    offer = make_offer()
    only_check(monkeypatch)
    [accepted, passed] = at_once(accepting(offer), expiring(offer))
    assert (kinds([accepted]), passed) in ((["Booking"], 0), (["Busy"], 1))
    assert is_booked_or_passed(offer)


def test_without_walls_a_late_click_takes_a_seat_that_went_on(monkeypatch: Patch) -> None:
    offer = make_offer()
    no_walls(monkeypatch)
    [accepted, passed] = at_once(accepting(offer), expiring(offer))
    assert (kinds([accepted]), passed) == (["Booking"], 1)
    assert not adds_up(offer.event)


# --- Accepting twice ----------------------------------------------------------------------------


def test_an_offer_accepted_twice_at_once_is_one_booking() -> None:
    offer = make_offer()
    outcomes = at_once(*[accepting(offer)] * 4)
    assert kinds(outcomes) == ["Booking"] * 4
    assert len({booking.pk for booking in outcomes}) == 1
    assert is_booked_or_passed(offer)


def test_the_row_lock_alone_stops_the_second_acceptance(
    monkeypatch: Patch, no_constraints: None
) -> None:
    offer = make_offer()
    only_row_lock(monkeypatch)
    first, second = at_once(*[accepting(offer)] * 2)
    assert first == second
    assert is_booked_or_passed(offer)


def test_the_check_alone_stops_the_second_acceptance(
    monkeypatch: Patch, no_constraints: None
) -> None:
    offer = make_offer()
    only_check(monkeypatch)
    assert kinds(at_once(*[accepting(offer)] * 2)) == ["Booking", "Busy"]
    assert is_booked_or_passed(offer)


def test_the_constraint_alone_stops_the_second_acceptance(monkeypatch: Patch) -> None:
    offer = make_offer()
    no_walls(monkeypatch)
    assert kinds(at_once(*[accepting(offer)] * 2)) == ["Booking", "IntegrityError"]
    assert is_booked_or_passed(offer)


def test_without_walls_one_offer_becomes_two_bookings(
    monkeypatch: Patch, no_constraints: None
) -> None:
    offer = make_offer()
    no_walls(monkeypatch)
    assert kinds(at_once(*[accepting(offer)] * 2)) == ["Booking", "Booking"]
    assert live_bookings(offer.event) == 2 > offer.event.capacity
    assert not adds_up(offer.event)


# --- Declining against withdrawing --------------------------------------------------------------


def is_given_back_once(offer: Offer) -> bool:
    """The seat went on once: to the next, or, withdrawn, to the same person again."""
    number = {"declined": 2, "withdrawn": 1}[ended(offer)]
    return offered(offer.event) == {number: 1} and is_sound(offer.event)


def test_an_offer_declined_and_withdrawn_at_once_gives_its_seat_back_once() -> None:
    offer = make_offer()
    outcomes = kinds(at_once(declining(offer), withdrawing(offer)))
    assert outcomes in (["NoneType", "OfferPassed"], ["Entry", "OfferPassed"])
    assert is_given_back_once(offer)


def test_the_row_lock_alone_gives_a_seat_back_once(monkeypatch: Patch) -> None:
    offer = make_offer()
    calls = declining(offer), withdrawing(offer)
    only_row_lock(monkeypatch)
    assert "OfferPassed" in kinds(at_once(*calls))
    assert is_given_back_once(offer)


def test_the_check_alone_gives_a_seat_back_once(monkeypatch: Patch) -> None:
    offer = make_offer()
    calls = declining(offer), withdrawing(offer)
    only_check(monkeypatch)
    assert "Busy" in kinds(at_once(*calls))
    assert is_given_back_once(offer)


def test_without_walls_a_seat_is_given_back_twice(monkeypatch: Patch) -> None:
    """Who declines has seen an open offer; it is withdrawn before they write."""
    offer = make_offer()
    decline, withdraw = declining(offer), withdrawing(offer)
    without_row_lock(monkeypatch)
    without_check(monkeypatch)
    without_version_check(monkeypatch)
    withdraw = before(withdraw, "waitlist.services.offers._decline", monkeypatch)
    assert kinds(at_once(decline, withdraw)) == ["Entry", "NoneType"]
    assert not adds_up(offer.event)


def before(call: Call, name: str, patch: Patch) -> Call:
    """The call, for which another one waits when it has decided and is to write with `name`."""
    write, done = import_string(name), threading.Event()

    def call_and_tell() -> Any:
        answer = call()
        done.set()
        return answer

    def write_late(*args: Any) -> Any:
        assert done.wait(PATIENCE_SECONDS)
        return write(*args)

    patch.setattr(name, write_late)
    return call_and_tell


# --- Cancelling against joining -----------------------------------------------------------------


def waits_beside_a_seat(event: Event, user: User) -> bool:
    waits = Entry.objects.waiting().filter(event=event, user=user).exists()
    return waits and free_seats(event) > 0


def test_nobody_waits_beside_a_seat_that_was_freed_while_they_joined() -> None:
    event, user = make_full_event(), make_user()
    [cancelled, joined] = at_once(cancelling(event.bookings.get()), joining(event, user))
    assert kinds([cancelled]) == ["Booking"]
    assert kinds([joined]) in (["Entry"], ["SeatsAvailable"])
    assert free_seats(event) == (0 if isinstance(joined, Entry) else 1)
    assert not waits_beside_a_seat(event, user)
    assert is_sound(event)


def test_the_row_lock_alone_lets_nobody_wait_beside_a_seat(monkeypatch: Patch) -> None:
    event, user = make_full_event(), make_user()
    calls = cancelling(event.bookings.get()), joining(event, user)
    only_row_lock(monkeypatch)
    assert kinds(at_once(*calls)) in (["Booking", "Entry"], ["Booking", "SeatsAvailable"])
    assert not waits_beside_a_seat(event, user)
    assert adds_up(event)


def test_without_the_lock_somebody_waits_beside_a_seat_until_the_sweep_finds_them() -> None:
    """Who joins has seen a full event; the seat is freed before they stand in line."""
    event, user = make_full_event(), make_user()
    cancel, join = cancelling(event.bookings.get()), joining(event, user)
    with pytest.MonkeyPatch.context() as patch:
        without_row_lock(patch)
        cancel = before(cancel, "waitlist.services.joining._stand_in_line", patch)
        assert kinds(at_once(cancel, join)) == ["Booking", "Entry"]
    assert waits_beside_a_seat(event, user)
    sweep(now=datetime.now(UTC))
    assert not waits_beside_a_seat(event, user)
    assert is_sound(event)


# --- Two sweeps ---------------------------------------------------------------------------------


def test_two_sweeps_at_once_let_an_offer_pass_once() -> None:
    offer = make_offer()
    assert sorted(at_once(*[expiring(offer)] * 3)) == [0, 0, 1]
    assert ended(offer) == "lapsed"
    assert offered(offer.event) == {2: 1}
    assert is_sound(offer.event)


def test_the_row_lock_alone_lets_an_offer_pass_once(monkeypatch: Patch) -> None:
    offer = make_offer()
    only_row_lock(monkeypatch)
    assert sorted(at_once(*[expiring(offer)] * 2)) == [0, 1]
    assert is_sound(offer.event)


def test_the_check_alone_lets_an_offer_pass_once(monkeypatch: Patch) -> None:
    offer = make_offer()
    only_check(monkeypatch)
    assert sorted(at_once(*[expiring(offer)] * 2)) == [0, 1]
    assert offered(offer.event) == {2: 1}
    assert is_sound(offer.event)


def test_without_walls_the_seat_of_a_passed_offer_is_given_on_twice(monkeypatch: Patch) -> None:
    offer = make_offer()
    no_walls(monkeypatch)
    assert at_once(*[expiring(offer)] * 2) == [1, 1]
    assert not adds_up(offer.event)


def test_two_sweeps_at_once_offer_a_missed_seat_once() -> None:
    event, now = make_full_event(), datetime.now(UTC)
    first, second = make_entry(event), make_entry(event)
    Event.objects.filter(pk=event.pk).update(sales_end_at=now)
    cancel_one(event, now=now)
    Event.objects.filter(pk=event.pk).update(sales_end_at=None)
    at_once(*[partial(sweep, now=now)] * 3)
    assert (status_of(first), status_of(second)) == ("offered", "waiting")
    assert is_sound(event)


# --- Booking in public against promotion --------------------------------------------------------


def calls_for_a_public_seat() -> tuple[Event, Call, Call]:
    """One seat is public and too few for the group that waits; another is freed just when somebody
    books the public one."""
    event = make_event(capacity=2)
    freed = make_booking(event)
    make_entry(event, quantity=2)
    request = BookingRequest(user_id=make_user().pk, quantity=1)
    booking = partial(book, event_id=event.pk, request=request, now=datetime.now(UTC))
    return event, cancelling(freed), booking


def is_one_or_the_other(event: Event) -> bool:
    """The group has both seats, or somebody has one and the other is public."""
    found = live_bookings(event), offered(event), free_seats(event)
    return found in ((0, {1: 2}, 0), (1, {}, 1))


def test_a_public_seat_is_booked_or_offered_to_a_group_and_never_both() -> None:
    event, cancel, booking = calls_for_a_public_seat()
    assert kinds(at_once(cancel, booking)) in (["Booking", "Booking"], ["Booking", "SoldOut"])
    assert is_one_or_the_other(event)
    assert is_sound(event)


def test_the_row_lock_alone_keeps_public_seats_and_offers_apart(
    monkeypatch: Patch, no_constraints: None
) -> None:
    event, cancel, booking = calls_for_a_public_seat()
    without_redis_lock(monkeypatch)
    only_row_lock(monkeypatch)
    assert kinds(at_once(cancel, booking)) in (["Booking", "Booking"], ["Booking", "SoldOut"])
    assert is_one_or_the_other(event)
    assert is_sound(event)


def test_the_version_check_alone_keeps_public_seats_and_offers_apart(
    monkeypatch: Patch, no_constraints: None
) -> None:
    event, cancel, booking = calls_for_a_public_seat()
    without_redis_lock(monkeypatch)
    without_row_lock(monkeypatch)
    without_check(monkeypatch)
    let_both_decide_first(monkeypatch)
    assert kinds(at_once(cancel, booking)) == ["Booking", "Busy"]
    assert is_sound(event)


def test_the_constraint_alone_keeps_public_seats_and_offers_apart(monkeypatch: Patch) -> None:
    event, cancel, booking = calls_for_a_public_seat()
    without_redis_lock(monkeypatch)
    no_walls(monkeypatch)
    assert kinds(at_once(cancel, booking)) == ["Booking", "IntegrityError"]
    assert is_sound(event)


def test_without_walls_a_public_seat_is_booked_and_offered(
    monkeypatch: Patch, no_constraints: None
) -> None:
    event, cancel, booking = calls_for_a_public_seat()
    without_redis_lock(monkeypatch)
    no_walls(monkeypatch)
    writing_what_was_read(monkeypatch)
    assert kinds(at_once(cancel, booking)) == ["Booking", "Booking"]
    assert offered(event) == {1: 2}
    assert not adds_up(event)
