"""Cancelling bookings: the seats return in the same transaction."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from bookings.errors import AlreadyCancelled, BookingNotFound
from bookings.facts import BookingCancelled
from bookings.metrics import CANCELLATIONS
from bookings.models import Booking
from bookings.queries import get_booking
from bookings.services.payments import refund_owed
from bookings.services.recording import record_bookings
from evently.accounts.models import User
from evently.errors import Forbidden
from evently.facts import publish
from evently.transactions import unit_of_work
from events.errors import EventClosed
from events.inventory import return_seats
from events.locks import lock_event
from events.models import Event
from events.queries import rights_of
from events.roles import Capability

BATCH = 1_000


def cancel_booking(*, reference: str, by: User, now: datetime) -> Booking:
    """Cancel a confirmed booking and give its seats back.

    Args:
        by: whoever booked, somebody whose role in the team cancels bookings, or staff.
        now: aware UTC instant, read once at the edge.

    Raises:
        BookingNotFound: no such reference, or not this user's to see.
        Forbidden: the user may see the booking, and their role in the team cancels none.
        AlreadyCancelled: cancelled before; nothing changes.
        EventClosed: the event is over; see `Booking.cancellable_until`.

    Side effects:
        Opens the transaction. Locks the event row. Writes history, unless whoever booked cancels.
        Publishes EventStateChanged, BookingCancelled.
    """
    booking = get_booking(reference=reference, user=by)
    with unit_of_work():
        event = lock_event(booking.event_id)
        # What was read before the lock may be old: only the row read under it counts.
        booking = _reread(booking, event)
        is_own = booking.user_id == by.pk
        if not is_own and not rights_of(by).may(Capability.CANCEL_BOOKINGS, event):
            raise Forbidden(_("Ask an owner or a manager of the team to cancel this booking."))
        if booking.status == Booking.Status.CANCELLED:
            raise AlreadyCancelled
        if booking.cancellable_until <= now:
            raise EventClosed(_("This event is over; its bookings cannot be cancelled any more."))
        was = (booking.status, booking.refund)
        _cancel(event, [booking], now)
        if not is_own:
            _record(booking, was, by)
    CANCELLATIONS.inc()
    return booking


def cancel_bookings_of_event(*, event_id: UUID, now: datetime) -> int:
    """Cancel up to a thousand bookings of a cancelled event; returns how many. Call it until 0.

    Raises:
        EventNotFound: no such event.

    Side effects:
        Opens the transaction. Locks the event row. Publishes EventStateChanged, BookingCancelled.
    """
    with unit_of_work():
        event = lock_event(event_id)
        if event.status != Event.Status.CANCELLED:
            return 0
        bookings = list(Booking.objects.live().filter(event=event).order_by("pk")[:BATCH])
        if bookings:
            _cancel(event, bookings, now)
    CANCELLATIONS.inc(len(bookings))
    return len(bookings)


def find_cancelled_events_with_bookings() -> list[UUID]:
    """Cancelled events that still have live bookings: what a lost message left to do."""
    events = Event.objects.filter(
        status=Event.Status.CANCELLED, bookings__in=Booking.objects.live()
    )
    return list(events.order_by("pk").values_list("pk", flat=True).distinct())


def _reread(booking: Booking, event: Event) -> Booking:
    fresh = Booking.objects.filter(pk=booking.pk).first()
    if fresh is None:
        raise BookingNotFound
    fresh.event = event
    return fresh


def _cancel(event: Event, bookings: list[Booking], now: datetime) -> None:
    for booking in bookings:
        booking.status = Booking.Status.CANCELLED
        booking.cancelled_at = now
        booking.refund = refund_owed(booking)
    for refund, group in _by_refund(bookings).items():
        Booking.objects.filter(pk__in=group).update(
            status=Booking.Status.CANCELLED, cancelled_at=now, refund=refund
        )
    seats = sum(booking.quantity for booking in bookings)
    return_seats(event, seats=seats, now=now, changes=len(bookings))
    for booking in bookings:
        publish(BookingCancelled(booking.pk, event.pk, booking.user_id, booking.quantity))


def _record(booking: Booking, was: tuple[str, str], by: User) -> None:
    status, refund = was
    changes = {"status": (status, booking.status)}
    if booking.refund != refund:
        changes["refund"] = (refund, booking.refund)
    record_bookings([booking], by=by, changes=changes)


def _by_refund(bookings: list[Booking]) -> dict[str, list[UUID]]:
    groups: dict[str, list[UUID]] = defaultdict(list)
    for booking in bookings:
        groups[booking.refund].append(booking.pk)
    return groups
