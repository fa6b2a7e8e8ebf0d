"""Where a notice leads."""

from django.urls import reverse

from bookings.models import Booking
from bookings.queries import list_live_bookings
from notifications.models import Kind, Notice
from waitlist.models import Offer
from waitlist.queries import offer_token


def target_of(notice: Notice) -> str:
    """The path of the page with what the notice tells of."""
    match notice.kind:
        case Kind.BOOKING_CONFIRMED | Kind.BOOKING_CANCELLED:
            booking = Booking.objects.get(pk=notice.about)
            return reverse("bookings:ticket", args=[booking.reference])
        case Kind.WAITLIST_OFFER | Kind.OFFER_PASSED:
            offer = Offer.objects.get(pk=notice.about)
            return reverse("waitlist:offer", args=[offer_token(offer)])
        case Kind.WELCOME:
            return reverse("events:catalogue")
        case Kind.EVENT_REMINDER:
            return reverse("bookings:mine")
        case Kind.EVENT_MOVED if _has_ticket(notice):
            return reverse("bookings:mine")
    return reverse("bookings:event", args=[notice.event_id])


def _has_ticket(notice: Notice) -> bool:
    return (
        notice.event_id is not None
        and list_live_bookings(event_id=notice.event_id, user=notice.user).exists()
    )
