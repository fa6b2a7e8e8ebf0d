"""Money that an organiser noted as received, and refunds of that alone."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.test import Client

from bookings.errors import AlreadyRefunded, BookingNotFound
from bookings.models import Booking
from bookings.queries import cancellation_summary
from bookings.services import cancel_booking
from bookings.services.payments import mark_refunded, note_payment
from evently.accounts.models import User
from evently.errors import Forbidden, Invalid, Refusal
from evently.history.models import Change
from events.models import Role
from tests.bookings.test_pages import logged_in, text_of
from tests.harness import (
    at_once,
    kinds,
    let_both_decide_first,
    let_one_wait_for_the_other,
    without_row_lock,
)
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
TOTAL = Decimal("60.00")

pytestmark = pytest.mark.django_db
real_commits = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner() -> User:
    return make_user("Olga")


@pytest.fixture
def booking(owner: User) -> Booking:
    """Three seats of 20 EUR at an event of the owner's team."""
    return make_booking(make_event(make_organiser(owner)), make_user("Berta"), quantity=3)


def note(booking: Booking, by: User, amount: Decimal = TOTAL) -> Booking:
    return note_payment(booking_id=booking.pk, amount=amount, by=by, now=NOW)


def state(booking: Booking) -> tuple[str, Decimal | None, datetime | None, str]:
    row = Booking.objects.get(pk=booking.pk)
    return row.status, row.amount_received, row.received_at, row.refund


def refused(call: Callable[[], Any], booking: Booking) -> Refusal:
    before = state(booking)
    with pytest.raises(Refusal) as refusal:
        call()
    assert state(booking) == before
    return refusal.value


def history(booking: Booking) -> list[tuple[str, Any, Any, str]]:
    changes = Change.objects.filter(subject_id=booking.pk).order_by("at", "id")
    return [(row.field, row.before, row.after, row.by.email if row.by else "") for row in changes]


# --- Noting ---------------------------------------------------------------------------------------


def test_a_payment_is_noted_with_amount_time_and_who(booking: Booking, owner: User) -> None:
    note(booking, owner)
    assert state(booking) == ("confirmed", TOTAL, NOW, "none")
    assert history(booking) == [("amount_received", None, "60.00", owner.email)]


def test_a_note_is_corrected_and_taken_back(booking: Booking, owner: User) -> None:
    note(booking, owner)
    note(booking, owner, Decimal(20))
    assert state(booking)[1] == Decimal(20)
    note(booking, owner, Decimal(0))
    assert state(booking) == ("confirmed", None, None, "none")
    assert [change[1:3] for change in history(booking)] == [
        (None, "60.00"),
        ("60.00", "20"),
        ("20", None),
    ]


@pytest.mark.parametrize("amount", [Decimal("-0.01"), Decimal("60.01")])
def test_no_more_than_the_total_is_noted(booking: Booking, owner: User, amount: Decimal) -> None:
    refusal = refused(lambda: note(booking, owner, amount), booking)
    assert isinstance(refusal, Invalid)
    assert list(refusal.errors) == ["amount"]


def test_only_who_handles_money_notes_it(booking: Booking) -> None:
    viewer, stranger, buyer = make_user(), make_user(), booking.user
    add_member(booking.event.organiser, viewer, Role.VIEWER)
    assert isinstance(refused(lambda: note(booking, viewer), booking), Forbidden)
    for person in (stranger, buyer):
        assert isinstance(refused(partial(note, booking, person), booking), BookingNotFound)


# --- Refunds --------------------------------------------------------------------------------------


def test_a_cancelled_booking_that_nobody_paid_owes_nothing(booking: Booking) -> None:
    cancel_booking(reference=booking.reference, by=booking.user, now=NOW)
    assert state(booking) == ("cancelled", None, None, "none")


def test_a_cancelled_booking_owes_what_was_received(booking: Booking, owner: User) -> None:
    note(booking, owner, Decimal(20))
    assert cancellation_summary(event_id=booking.event_id).refunds == {"EUR": Decimal(20)}
    cancel_booking(reference=booking.reference, by=owner, now=NOW)
    assert state(booking) == ("cancelled", Decimal(20), NOW, "due")
    assert mark_refunded(booking_ids=[booking.pk], by=owner) == 1
    refusal = refused(lambda: note(booking, owner, Decimal(0)), booking)
    assert isinstance(refusal, AlreadyRefunded)


def test_a_payment_noted_after_the_cancellation_is_due_too(booking: Booking, owner: User) -> None:
    cancel_booking(reference=booking.reference, by=owner, now=NOW)
    note(booking, owner)
    assert state(booking)[3] == "due"
    assert ("refund", "none", "due", owner.email) in history(booking)
    note(booking, owner, Decimal(0))
    assert state(booking) == ("cancelled", None, None, "none")


@real_commits
def test_a_payment_noted_while_the_booking_is_cancelled_is_due(
    booking: Booking, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second waits for the first, and decides on what it left."""
    let_one_wait_for_the_other(monkeypatch)
    outcomes = at_once(
        lambda: note(booking, owner),
        lambda: cancel_booking(reference=booking.reference, by=booking.user, now=NOW),
    )
    assert kinds(outcomes) == ["Booking", "Booking"]
    assert state(booking) == ("cancelled", TOTAL, NOW, "due")


@real_commits
def test_without_the_lock_the_refund_of_a_payment_is_forgotten(
    booking: Booking, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both decide on the booking as it was before, and the money is nowhere due."""
    without_row_lock(monkeypatch)
    let_both_decide_first(monkeypatch)
    at_once(
        lambda: note(booking, owner),
        lambda: cancel_booking(reference=booking.reference, by=booking.user, now=NOW),
    )
    assert state(booking)[3] == "none"


# --- What people read -----------------------------------------------------------------------------


def shown(client: Client, booking: Booking, page: str = "") -> str:
    return text_of(client.get(f"/bookings/{booking.reference}/{page}"))


def test_a_ticket_says_what_to_pay_and_what_was_paid(booking: Booking, owner: User) -> None:
    client = logged_in(booking.user)
    assert "Pay €60.00 at the door" in shown(client, booking)
    note(booking, owner, Decimal(20))
    assert "Paid: €20.00. Pay €40.00 at the door" in shown(client, booking)
    note(booking, owner)
    assert "Paid: €60.00." in shown(client, booking)
    assert "at the door" not in shown(client, booking).replace("print of it, at the door", "")


def test_nothing_is_promised_back_that_nobody_received(booking: Booking, owner: User) -> None:
    client = logged_in(booking.user)
    assert "refund" not in shown(client, booking, "cancel").lower()
    client.post(f"/bookings/{booking.reference}/cancel")
    assert "refund" not in shown(client, booking).lower()
    assert "at the door" not in shown(client, booking)
    note(booking, owner)
    assert "€60.00 will be refunded." in shown(client, booking)
    mark_refunded(booking_ids=[booking.pk], by=owner)
    assert "Refunded: €60.00." in shown(client, booking)


def test_what_was_received_is_asked_back_before_cancelling(booking: Booking, owner: User) -> None:
    note(booking, owner, Decimal(20))
    assert "€20.00 will be refunded." in shown(logged_in(booking.user), booking, "cancel")


def test_the_api_tells_what_was_received(booking: Booking, owner: User) -> None:
    client = logged_in(booking.user)
    address = f"/api/v1/bookings/{booking.reference}"
    assert client.get(address).json()["amount_received"] is None
    note(booking, owner, Decimal(20))
    assert client.get(address).json()["amount_received"] == "20.00"


def test_a_price_of_nothing_is_free_and_asks_for_nothing() -> None:
    event = make_event(price=Decimal(0))
    page = text_of(logged_in().get(f"/events/{event.pk}/"))
    assert "Free" in page
    assert "at the door" not in page


def test_the_page_of_an_event_says_where_one_pays() -> None:
    event = make_event(price=Decimal(12))
    page = text_of(logged_in().get(f"/events/{event.pk}/?seats=3"))
    assert "Pay €36.00 at the door" in page
    assert "this is what you pay" not in page
