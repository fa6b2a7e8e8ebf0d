"""Reading bookings."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet, Sum

from bookings.errors import BookingNotFound
from bookings.models import Booking
from evently.accounts.models import User


def get_booking(*, reference: str, user: User) -> Booking:
    """One booking with its event, by its reference in capitals or small letters.

    Raises:
        BookingNotFound: no such reference, or not this user's to see.
    """
    bookings = Booking.objects.select_related("event__organiser").visible_to(user)
    booking = bookings.filter(reference=reference.upper()).first()
    if booking is None:
        raise BookingNotFound
    return booking


def find_live_booking(*, event_id: UUID, user: User) -> Booking | None:
    """The user's latest live booking of this event."""
    return Booking.objects.live().filter(event=event_id, user=user).order_by("-created_at").first()


def list_bookings(*, user: User) -> QuerySet[Booking]:
    """The user's own bookings with their events, newest first."""
    bookings = Booking.objects.select_related("event__organiser").filter(user=user)
    return bookings.order_by("-created_at", "-id")


def list_holders(event_id: UUID, user_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the people who have a live booking of this event."""
    holders = Booking.objects.live().filter(event=event_id, user__in=set(user_ids))
    return set(holders.values_list("user_id", flat=True))


def count_confirmed_seats(event_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
    """The bookings' part of the inventory equation, for `events.inventory.register_claims`."""
    sums = (
        Booking.objects.live()
        .filter(event__in=list(event_ids))
        .order_by()
        .values_list("event_id")
        .annotate(seats=Sum("quantity"))
    )
    return {event_id: {"confirmed": seats} for event_id, seats in sums}
