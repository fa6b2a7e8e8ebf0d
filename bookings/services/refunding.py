"""Noting that money went back."""

from collections.abc import Collection
from uuid import UUID

from bookings.models import Booking
from evently.accounts.models import User
from evently.transactions import unit_of_work
from events.models import Event


def mark_refunded(*, booking_ids: Collection[UUID], by: User) -> int:
    """Note for bookings with a refund due that it was paid; returns for how many.

    Left as they are: bookings with no refund due, and those of organisers in whose team the user
    is neither owner nor manager.

    Side effects:
        Opens the transaction.
    """
    with unit_of_work():
        due = Booking.objects.filter(pk__in=booking_ids, refund=Booking.Refund.DUE)
        own = due.filter(event__in=Event.objects.editable_by(by))
        return own.update(refund=Booking.Refund.DONE)
