"""What the use cases of the waitlist refuse."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from evently.errors import Kind, NotFound, Refusal


class EntryNotFound(NotFound):
    title = _("There is no such place in a waitlist, or it is not yours to see.")


class OfferNotFound(NotFound):
    title = _("There is no such offer, or it is not yours.")


class PersonNotFound(NotFound):
    title = _("Nobody like this has booked or waited for one of your events.")


class AlreadyWaiting(Refusal):
    code = "already-waiting"
    kind = Kind.CONFLICT
    title = _("You are on the waitlist of this event already.")


class SeatsAvailable(Refusal):
    """Nobody waits for what can be booked; `available_seats` says how many seats can."""

    code = "seats-available"
    kind = Kind.CONFLICT
    title = _("There are enough seats: book them instead of waiting.")

    @classmethod
    def of(cls, available: int) -> "SeatsAvailable":
        told = ngettext(
            "%(count)s seat is free: book it instead of waiting.",
            "%(count)s seats are free: book them instead of waiting.",
            available,
        )
        return cls(told % {"count": available}, available_seats=available)


class OfferPassed(Refusal):
    """The offer has ended; `offer_status` says how."""

    code = "offer-passed"
    kind = Kind.GONE
    title = _("This offer has passed. Its seats went on to those who wait.")


class NotInLine(Refusal):
    """The entry has been offered seats, or has ended; `entry_status` says which."""

    code = "not-in-line"
    kind = Kind.CONFLICT
    title = _("This person does not stand in line any more.")
