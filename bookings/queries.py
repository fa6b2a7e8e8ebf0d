"""Reading bookings."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Subquery, Sum

from bookings.errors import BookingNotFound
from bookings.models import Booking
from evently.accounts.models import User
from evently.history.queries import list_changes
from events.models import Event
from events.people import list_pairs


def get_booking(*, reference: str, user: User) -> Booking:
    """One booking with its event, by its reference in capitals or small letters.

    Raises:
        BookingNotFound: no such reference, or not this user's to see, at least not in full.
    """
    bookings = Booking.objects.select_related("event__organiser", "user").visible_to(user)
    booking = bookings.filter(reference=reference.upper()).first()
    if booking is None:
        raise BookingNotFound
    return booking


def find_live_booking(*, event_id: UUID, user: User) -> Booking | None:
    """The user's latest live booking of this event."""
    return Booking.objects.live().filter(event=event_id, user=user).order_by("-created_at").first()


def list_live_bookings(*, event_id: UUID, user: User) -> QuerySet[Booking]:
    """The user's live bookings of this event, with it, the latest first."""
    bookings = Booking.objects.live().select_related("event__organiser")
    return bookings.filter(event=event_id, user=user).order_by("-created_at")


def list_bookings(*, user: User) -> QuerySet[Booking]:
    """The user's own bookings with their events, newest first."""
    bookings = Booking.objects.select_related("event__organiser").filter(user=user)
    return bookings.order_by("-created_at", "-id")


def list_holders(event_ids: Collection[UUID], user_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Which of the people have live bookings of which of the events: pairs of event and person."""
    return list_pairs(
        "bookings_booking", event_ids=event_ids, user_ids=user_ids, statuses=Booking.LIVE
    )


def has_booked_with(*, organiser_id: UUID, user_id: UUID) -> bool:
    """Whether the person ever booked an event of this organiser, cancelled or not."""
    return Booking.objects.filter(user=user_id, event__organiser=organiser_id).exists()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationSummary:
    """What cancelling an event does to its bookings, and how far it is.

    Args:
        bookings: live ones, which are still to be cancelled.
        people: who hold these.
        seats: of these.
        refunds: what was received for these and is to be paid back, by currency; nothing else is
            in it.
        done: bookings cancelled since the event was; earlier ones do not count.
    """

    bookings: int
    people: int
    seats: int
    refunds: dict[str, Decimal]
    done: int


def cancellation_summary(*, event_id: UUID) -> CancellationSummary:
    """The preview of a cancellation, and while it goes on its progress; all zero when unknown.

    A snapshot: what is booked or cancelled meanwhile is in the next one.
    """
    of_event = Booking.objects.filter(event=event_id).order_by()
    live = Q(status__in=Booking.LIVE)
    totals = of_event.aggregate(
        bookings=Count("pk", filter=live),
        people=Count("user", filter=live, distinct=True),
        seats=Sum("quantity", filter=live, default=0),
        done=Count("pk", filter=Q(cancelled_at__gte=_event_cancelled_at(event_id))),
    )
    amounts = (
        of_event.live()
        .filter(amount_received__gt=0)
        .values_list("currency")
        .annotate(amount=Sum("amount_received"))
    )
    return CancellationSummary(**totals, refunds=dict(amounts.order_by("currency")))


def _event_cancelled_at(event_id: UUID) -> Subquery:
    """When the event was cancelled, as its history says."""
    steps = list_changes(event_id=event_id).filter(subject="event", field="status")
    return Subquery(steps.filter(after=Event.Status.CANCELLED).values("at")[:1])
