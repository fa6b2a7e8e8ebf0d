"""Booking seats that somebody holds already: an accepted offer, in the transaction that ends it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from bookings.errors import AlreadyBooked
from bookings.facts import BookingConfirmed
from bookings.metrics import BOOKINGS, SEATS_BOOKED
from bookings.models import Booking
from bookings.queries import list_holders
from evently.facts import publish
from events.models import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedSeats:
    """Seats that are held for one person, at the price that was promised for each."""

    user_id: UUID
    quantity: int
    unit_price: Decimal
    currency: str


def book_claimed_seats(event: Event, claimed: ClaimedSeats, *, now: datetime) -> Booking:
    """Turn a claim on seats of a locked event into a confirmed booking.

    The caller ends the claim in the same transaction: the public count stays as it is. That the
    event is on sale is the caller's to see on the locked row.

    Raises:
        AlreadyBooked: the person has a booking, and the event allows one alone.

    Side effects:
        Publishes BookingConfirmed.
    """
    if not event.repeat_bookings_allowed and list_holders([event.pk], [claimed.user_id]):
        raise AlreadyBooked
    booking = Booking.objects.create(
        event=event,
        user_id=claimed.user_id,
        quantity=claimed.quantity,
        unit_price=claimed.unit_price,
        currency=claimed.currency,
        only_one_per_person=not event.repeat_bookings_allowed,
        created_at=now,
    )
    publish(BookingConfirmed(booking.pk, event.pk, claimed.user_id, claimed.quantity))
    transaction.on_commit(lambda: _count(booking))
    return booking


def _count(booking: Booking) -> None:
    BOOKINGS.inc()
    SEATS_BOOKED.inc(booking.quantity)
