"""Noting that money went back."""

from collections.abc import Collection
from uuid import UUID

from bookings.locks import lock_refunds_due
from bookings.models import Booking
from bookings.services.recording import record_bookings
from evently.accounts.models import User
from evently.transactions import unit_of_work
from events.models import Event
from events.roles import Capability

Refund = Booking.Refund


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
