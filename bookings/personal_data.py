"""A person's bookings: handing them out, and giving them up."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.errors import AlreadyCancelled
from bookings.models import Booking
from bookings.queries import list_bookings
from bookings.services import cancel_booking
from evently.accounts.models import User
from evently.accounts.personal_data import PersonalData
from evently.money import amount_text
from events.errors import EventClosed

ROWS_AT_ONCE = 500


def _collect(user: User) -> Iterator[dict[str, Any]]:
    for booking in list_bookings(user=user).iterator(ROWS_AT_ONCE):
        yield {
            "reference": booking.reference,
            "event": booking.event.name,
            "organiser": booking.event.organiser.name,
            "venue": booking.event.venue,
            "starts_at": booking.event.starts_at,
            "seats": booking.quantity,
            "total": amount_text(booking.total, booking.currency),
            "currency": booking.currency,
            "status": booking.status,
            "amount_received": booking.amount_received,
            "received_at": booking.received_at,
            "refund": booking.refund,
            "booked_at": booking.created_at,
            "cancelled_at": booking.cancelled_at,
        }


def _foretell(user: User, now: datetime) -> Iterator[str]:
    upcoming = _upcoming(user, now).count()
    if upcoming:
        yield ngettext(
            "Your upcoming booking is cancelled and its seats go to others.",
            "Your %(count)s upcoming bookings are cancelled and their seats go to others.",
            upcoming,
        ) % {"count": upcoming}
    if _upcoming(user, now).filter(amount_received__gt=0).exists():
        yield _("What you paid is refunded. Note the references first: organisers ask for them.")
    if list_bookings(user=user).exists():
        yield _(
            "Bookings stay in the organisers' books, without your name and address, because the "
            "law asks organisers to keep invoices."
        )


def _release(user: User, now: datetime) -> None:
    for reference in list(_upcoming(user, now).values_list("reference", flat=True)):
        try:
            cancel_booking(reference=reference, by=user, now=now)
        except (AlreadyCancelled, EventClosed):
            continue  # Cancelled meanwhile, or over: nothing is left to give up.


def _upcoming(user: User, now: datetime) -> "QuerySet[Booking]":
    return Booking.objects.live().filter(user=user, event__ends_at__gt=now).order_by("pk")


PERSONAL_DATA = PersonalData(
    name="bookings", collect=_collect, foretell=_foretell, release=_release
)
