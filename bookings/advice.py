"""What a refusal means to a visitor: what stands in the way, and what to do about it."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.errors import BookingInProgress, SoldOut
from evently.errors import Busy, Invalid, Refusal
from evently.idempotency.errors import IdempotencyMismatch
from events.models import Event

# Where a page has more to say than the refusal itself.
WORDS: dict[str, Promise] = {
    BookingInProgress.code: gettext_lazy(
        "Your booking is under way. Wait a moment, then look at My bookings."
    ),
    Busy.code: gettext_lazy(
        "Many people are booking right now. Nothing was booked; send the form again in a moment."
    ),
    IdempotencyMismatch.code: gettext_lazy(
        "You sent this form before, for another number of seats. Your first booking counts."
    ),
}


def advice(refusal: Refusal, event: Event, *, asked: str = "") -> str:
    """The refusal in the reader's language.

    Args:
        asked: the number of seats, as it was typed.
    """
    if isinstance(refusal, SoldOut):
        return _sold_out(left=refusal.facts["available_seats"], asked=asked)
    if isinstance(refusal, Invalid):
        return _("Choose a whole number of seats, from 1 to %(most)s.") % {
            "most": event.max_per_booking
        }
    return str(WORDS.get(refusal.code, refusal))


def _sold_out(*, left: int, asked: str) -> str:
    if not left:
        return _("The last seats have just gone. Nothing was booked.")
    words = ngettext(
        "1 seat is left. You asked for %(asked)s. Take it, or join the waitlist.",
        "%(left)s seats are left. You asked for %(asked)s. Take %(left)s or fewer, or join the "
        "waitlist.",
        left,
    )
    return words % {"left": left, "asked": asked}
