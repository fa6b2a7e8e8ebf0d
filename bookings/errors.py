"""What the use cases of bookings refuse."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from evently.errors import RETRY_AFTER, TEXT, Fact, Kind, NotFound, Refusal
from events.errors import EventClosed


class BookingNotFound(NotFound):
    title = _("There is no such booking, or it is not yours to see.")


@lru_cache(maxsize=256)
def _waitlist_of(event_id: UUID) -> str:
    """Its address; thousands are told it within a second, of one event."""
    return reverse("waitlist", args=[event_id])


class SoldOut(Refusal):
    """Fewer seats are free than were asked for."""

    code = "sold-out"
    kind = Kind.CONFLICT
    title = _("There are not enough seats left.")
    declared_facts = {
        "available_seats": Fact("How many seats are left.", example=1),
        "waitlist": Fact(
            "Path of the event's waitlist: POST to it to wait for more.",
            example="/api/v1/events/0199d0a4-5e00-7c3b-9a41-6f2d8b7e1c05/waitlist",
            schema=TEXT,
        ),
    }

    @classmethod
    def short_of(cls, *, wanted: int, available: int, event_id: UUID) -> "SoldOut":
        facts: dict[str, Any] = {
            "available_seats": available,
            "waitlist": _waitlist_of(event_id),
        }
        if not available:
            return cls(_now("This event is sold out."), **facts)
        told = ngettext(
            "%(left)s seat is left. You asked for %(wanted)s.",
            "%(left)s seats are left. You asked for %(wanted)s.",
            available,
        )
        return cls(told % {"left": available, "wanted": wanted}, **facts)


class AlreadyBooked(Refusal):
    code = "already-booked"
    kind = Kind.CONFLICT
    title = _("You have a booking for this event already.")


class BookingInProgress(Refusal):
    """The same person's earlier request for this event has not been answered yet.

    With the same idempotency key the request, repeated, gets the answer of the earlier one.
    """

    code = "booking-in-progress"
    kind = Kind.CONFLICT
    title = _(
        "An earlier request of yours for this event is not answered yet. Send this one again after "
        "the seconds in Retry-After, with the same Idempotency-Key: it never books twice."
    )
    declared_facts = {"retry_after_seconds": RETRY_AFTER}

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=1)


class AlreadyCancelled(Refusal):
    code = "already-cancelled"
    kind = Kind.CONFLICT
    title = _("This booking was cancelled before.")


class AlreadyRefunded(Refusal):
    code = "already-refunded"
    kind = Kind.CONFLICT
    title = _("The refund of this booking was paid: what was received cannot be changed any more.")


# Judgements that are kept for retries of the same request; all are made from a text and facts.
KEPT: dict[str, type[Refusal]] = {
    refusal.code: refusal for refusal in (SoldOut, AlreadyBooked, EventClosed)
}
