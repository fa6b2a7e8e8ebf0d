"""Money that organisers take and give back themselves: noted here, never moved."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bookings.errors import AlreadyRefunded, BookingNotFound
from bookings.locks import lock_refunds_due
from bookings.models import Booking
from bookings.services.recording import record_bookings
from evently.accounts.models import User
from evently.errors import Forbidden, Invalid
from evently.money import validate_amount
from evently.transactions import unit_of_work
from events.locks import lock_event
from events.models import Event
from events.queries import rights_of
from events.roles import Capability

Refund = Booking.Refund


def refund_owed(booking: Booking) -> str:
    """What a cancellation owes: the money back that somebody noted as received, and no other."""
    return Refund.DUE if booking.amount_received else Refund.NONE


def note_payment(*, booking_id: UUID, amount: Decimal, by: User, now: datetime) -> Booking:
    """Note what was received for a booking, in its currency; 0 takes an earlier note back.

    For a cancelled booking a refund is due from then on, or none any more.

    Args:
        amount: in all, up to the booking's total.
        now: aware UTC instant, read once at the edge.

    Raises:
        BookingNotFound: no such booking of an event that the user's teams run.
        Forbidden: the user may see the booking, and may not handle its money.
        Invalid: the amount is below 0, above the total, or has more decimals than the currency.
        AlreadyRefunded: its refund was paid; nothing changes.

    Side effects:
        Opens the transaction. Locks the event row, as a cancellation does, and the booking's.
        Writes history.
    """
    found = Booking.objects.of_team(by).filter(pk=booking_id).first()
    if found is None:
        raise BookingNotFound
    with unit_of_work():
        event = lock_event(found.event_id)
        if not rights_of(by).may(Capability.HANDLE_MONEY, event):
            raise Forbidden(_("Ask somebody of the team who handles money."))
        # What was read before the lock may be old: a cancellation reads and writes under it too.
        booking = Booking.objects.select_for_update().get(pk=booking_id)
        booking.event = event
        if booking.refund == Refund.DONE:
            raise AlreadyRefunded
        if not 0 <= amount <= booking.total:
            raise Invalid(amount=_("Give an amount from 0 to the total of the booking."))
        try:
            validate_amount(amount, booking.currency)
        except ValidationError as error:
            raise Invalid(amount=error.messages) from error
        _note(booking, amount, by, now)
    return booking


def _note(booking: Booking, amount: Decimal, by: User, now: datetime) -> None:
    was = {"amount_received": booking.amount_received, "refund": booking.refund}
    booking.amount_received = amount or None
    booking.received_at = now if amount else None
    if booking.status == Booking.Status.CANCELLED:
        booking.refund = refund_owed(booking)
    booking.save(update_fields=["amount_received", "received_at", "refund"])
    changes = {
        name: (before, getattr(booking, name))
        for name, before in was.items()
        if before != getattr(booking, name)
    }
    record_bookings([booking], by=by, changes=changes)


def mark_refunded(*, booking_ids: Collection[UUID], by: User) -> int:
    """Note for bookings with a refund due that it was paid; returns for how many.

    Left as they are: bookings with no refund due, and those of events with which the user may not
    handle money.

    Side effects:
        Opens the transaction. Locks the bookings' rows. Writes history.
    """
    with unit_of_work():
        events = Event.objects.of_team(by, Capability.HANDLE_MONEY)
        due = lock_refunds_due(booking_ids, events)
        Booking.objects.filter(pk__in=[booking.pk for booking in due]).update(refund=Refund.DONE)
        record_bookings(due, by=by, changes={"refund": (Refund.DUE, Refund.DONE)})
    return len(due)
