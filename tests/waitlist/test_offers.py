"""What becomes of an offer, and of the place of whoever books elsewhere."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from prometheus_client import REGISTRY

from bookings.errors import AlreadyBooked
from bookings.models import Booking
from evently.errors import Busy
from events.errors import EventClosed
from events.models import Event
from events.services import audit_inventory
from tests.makers import make_booking, make_event, make_user
from tests.waitlist.people import (
    cancel_one,
    free_seats,
    is_sound,
    make_entry,
    make_full_event,
    offer_of,
    set_line,
    status_of,
)
from waitlist.errors import OfferNotFound, OfferPassed
from waitlist.models import Entry, Offer
from waitlist.queries import get_offer, offer_id_of, offer_token, waitlist_summary
from waitlist.services import (
    accept_offer,
    booked,
    decline_offer,
    expire_offers,
    leave_waitlist,
    sweep,
)
from waitlist.services.booked import end_entries_of_booked

pytestmark = pytest.mark.django_db
# For tests of what happens after the commit.
real_commits = pytest.mark.django_db(transaction=True)


def make_offer(seats: int = 1, **fields: Any) -> Offer:
    """An open offer of a full event; a second person waits behind."""
    event = make_full_event(capacity=seats, **fields)
    entry = make_entry(event, quantity=seats)
    make_entry(event, quantity=seats)
    set_line(event, is_paused=True)
    for _ in range(seats):
        cancel_one(event)
    set_line(event, is_paused=False)
    sweep(now=datetime.now(UTC))
    return offer_of(entry)


def counted(outcome: str) -> float:
    labels = {"outcome": outcome}
    return REGISTRY.get_sample_value("evently_waitlist_offers_total", labels) or 0


# --- Accepting ----------------------------------------------------------------------------------


def test_an_accepted_offer_is_a_booking_at_the_price_that_was_promised() -> None:
    offer = make_offer(seats=2, price=Decimal("12.50"), currency="CHF")
    Event.objects.filter(pk=offer.event_id).update(price=99)
    before = Event.objects.get(pk=offer.event_id)
    booking = accept_offer(offer_id=offer.pk, user=offer.user, now=datetime.now(UTC))
    assert (booking.user, booking.quantity, booking.status) == (offer.user, 2, "confirmed")
    assert (booking.total, booking.currency) == (Decimal("25.00"), "CHF")
    offer.refresh_from_db()
    assert (offer.status, offer.booking) == ("accepted", booking)
    assert status_of(offer.entry) == "booked"
    assert Event.objects.get(pk=offer.event_id).version == before.version
    assert is_sound(offer.event)


def test_an_offer_is_accepted_once() -> None:
    offer = make_offer()
    booking = accept_offer(offer_id=offer.pk, user=offer.user, now=datetime.now(UTC))
    assert accept_offer(offer_id=offer.pk, user=offer.user, now=datetime.now(UTC)) == booking
    with pytest.raises(OfferPassed) as refusal:
        decline_offer(offer_id=offer.pk, user=offer.user, now=datetime.now(UTC))
    assert refusal.value.facts == {"offer_status": "accepted"}
    assert Booking.objects.live().filter(user=offer.user).count() == 1


def test_a_late_click_passes_the_seats_on() -> None:
    offer = make_offer()
    with pytest.raises(OfferPassed) as refusal:
        accept_offer(offer_id=offer.pk, user=offer.user, now=offer.expires_at)
    assert refusal.value.facts == {"offer_status": "lapsed"}
    assert status_of(offer.entry) == "lapsed"
    assert Offer.objects.open().get().user != offer.user
    assert is_sound(offer.event)


def test_an_offer_stands_until_its_last_moment() -> None:
    offer = make_offer()
    last = offer.expires_at - timedelta(microseconds=1)
    assert accept_offer(offer_id=offer.pk, user=offer.user, now=last).quantity == 1


def test_nobody_accepts_or_declines_the_offer_of_another() -> None:
    offer, stranger = make_offer(), make_user()
    for answer in (accept_offer, decline_offer):
        with pytest.raises(OfferNotFound):
            answer(offer_id=offer.pk, user=stranger, now=datetime.now(UTC))
    with pytest.raises(OfferNotFound):
        get_offer(offer_id=offer.pk, user=stranger)
    assert get_offer(offer_id=offer.pk, user=offer.user).status == "open"


def test_an_offer_for_a_cancelled_event_is_worth_nothing() -> None:
    offer = make_offer()
    Event.objects.filter(pk=offer.event_id).update(status=Event.Status.CANCELLED)
    with pytest.raises(EventClosed):
        accept_offer(offer_id=offer.pk, user=offer.user, now=datetime.now(UTC))
    assert not Booking.objects.live().filter(user=offer.user).exists()


def test_the_seats_of_an_offer_are_promised_even_when_bookings_may_have_fewer_now() -> None:
    offer = make_offer(seats=2)
    Event.objects.filter(pk=offer.event_id).update(max_per_booking=1)
    assert accept_offer(offer_id=offer.pk, user=offer.user, now=datetime.now(UTC)).quantity == 2


def test_whoever_has_a_booking_cannot_accept_another() -> None:
    offer = make_offer()
    Booking.objects.create(
        event=offer.event, user=offer.user, quantity=1, unit_price=1, created_at=datetime.now(UTC)
    )
    with pytest.raises(AlreadyBooked):
        accept_offer(offer_id=offer.pk, user=offer.user, now=datetime.now(UTC))
    offer.refresh_from_db()
    assert offer.status == "open"


# --- Declining ----------------------------------------------------------------------------------


def test_a_declined_offer_cannot_be_accepted_any_more() -> None:
    offer = make_offer()
    decline_offer(offer_id=offer.pk, user=offer.user, now=datetime.now(UTC))
    with pytest.raises(OfferPassed) as refusal:
        accept_offer(offer_id=offer.pk, user=offer.user, now=datetime.now(UTC))
    assert refusal.value.facts == {"offer_status": "declined"}
    assert is_sound(offer.event)


# --- The link -----------------------------------------------------------------------------------


def test_the_link_names_its_offer_and_a_forged_one_names_none() -> None:
    offer = make_offer()
    token = offer_token(offer)
    assert offer_id_of(token) == offer.pk
    for forged in (token[:-1] + "~", offer.pk.hex, "x" + token[1:], "", f"{offer.pk.hex}.x"):
        with pytest.raises(OfferNotFound):
            offer_id_of(forged)


# --- Who books elsewhere ------------------------------------------------------------------------


@real_commits
def test_whoever_books_in_public_while_waiting_waits_no_more() -> None:
    event = make_event(capacity=2)
    user = make_user()
    entry, behind = make_entry(event, user, quantity=3), make_entry(event, quantity=4)
    make_booking(event, user, quantity=1)
    assert (status_of(entry), status_of(behind)) == ("booked", "waiting")
    assert is_sound(event)


@real_commits
def test_a_booking_is_answered_when_the_entry_of_its_person_cannot_be_ended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    event = make_event(capacity=2)
    entry = make_entry(event, quantity=3)

    def fail(**_: object) -> None:
        raise Busy

    monkeypatch.setattr(booked, "end_entries_of_booked", fail)
    assert make_booking(event, entry.user).status == "confirmed"
    assert "on_commit" in caplog.text
    assert status_of(entry) == "waiting"


@real_commits
def test_the_seats_offered_to_somebody_who_books_in_public_go_on() -> None:
    event = make_full_event(capacity=3)
    first = make_entry(event)
    cancel_one(event)
    group = make_entry(event, quantity=2)
    cancel_one(event)
    make_booking(event, first.user)
    assert (status_of(first), status_of(group)) == ("booked", "waiting")
    assert free_seats(event) == 1
    assert is_sound(event)


@real_commits
def test_a_booking_that_is_cancelled_at_once_does_not_end_the_wait() -> None:
    """The news of the booking comes late: what the rows say counts."""
    event = make_event(capacity=2)
    entry = make_entry(event, quantity=3)
    end_entries_of_booked(event_id=event.pk, user_ids=[entry.user_id], now=datetime.now(UTC))
    assert status_of(entry) == "waiting"


@real_commits
def test_somebody_who_waits_for_another_event_goes_on_waiting() -> None:
    event, other = make_event(capacity=2), make_full_event()
    entry = make_entry(other)
    make_booking(event, entry.user)
    assert status_of(entry) == "waiting"


# --- Figures ------------------------------------------------------------------------------------


@real_commits
def test_offers_are_counted_by_what_comes_of_them() -> None:
    before = [counted(outcome) for outcome in ("made", "declined", "accepted", "lapsed")]
    offer = make_offer()
    decline_offer(offer_id=offer.pk, user=offer.user, now=datetime.now(UTC))
    second = Offer.objects.select_related("user").get(status="open")
    accept_offer(offer_id=second.pk, user=second.user, now=datetime.now(UTC))
    after = [counted(outcome) for outcome in ("made", "declined", "accepted", "lapsed")]
    assert [new - old for new, old in zip(after, before, strict=True)] == [2, 1, 1, 0]


def test_those_who_wait_are_shown_as_a_gauge() -> None:
    event = make_full_event()
    make_entry(event)
    make_entry(make_full_event())
    assert REGISTRY.get_sample_value("evently_waitlist_waiting") == 2


@real_commits
def test_the_audit_counts_offered_and_kept_seats() -> None:
    offer = make_offer()
    event = make_full_event()
    make_entry(event)
    set_line(event, is_paused=True)
    cancel_one(event)
    assert audit_inventory(now=datetime.now(UTC)).drifts == []
    Offer.objects.filter(pk=offer.pk).update(seats=2)
    [drift] = audit_inventory(now=datetime.now(UTC)).drifts
    assert drift.claims == {"offered": 2}


def test_the_summary_tells_the_line_in_figures() -> None:
    event = make_full_event(capacity=4)
    now = datetime.now(UTC)
    entries = [make_entry(event, now=now) for _ in range(5)]
    make_entry(event, quantity=7)
    later = now + timedelta(minutes=6)
    for _ in range(4):
        cancel_one(event, now=later)
    accept_offer(offer_id=offer_of(entries[0]).pk, user=entries[0].user, now=later)
    decline_offer(offer_id=offer_of(entries[1]).pk, user=entries[1].user, now=later)
    leave_waitlist(event_id=event.pk, user=entries[2].user, now=later)
    summary = waitlist_summary(event_id=event.pk)
    assert (summary.waiting, summary.waiting_seats) == (1, 7)
    assert (summary.offered, summary.accepted, summary.declined, summary.expired) == (2, 1, 2, 0)
    assert summary.promotion_rate == pytest.approx(1 / 3)
    assert summary.mean_wait == timedelta(minutes=6)


def test_a_line_without_history_has_no_rates() -> None:
    summary = waitlist_summary(event_id=make_full_event().pk)
    assert (summary.waiting, summary.promotion_rate, summary.mean_wait) == (0, None, None)


def test_the_job_that_lets_offers_pass_leaves_those_that_stand() -> None:
    offer = make_offer()
    assert expire_offers(now=offer.expires_at - timedelta(seconds=1)) == 0
    assert Entry.objects.get(pk=offer.entry_id).status == "offered"
