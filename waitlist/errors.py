"""What the use cases of the waitlist refuse."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from evently.errors import TEXT, Fact, Kind, NotFound, Refusal


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
    """Nobody waits for what can be booked."""

    code = "seats-available"
    kind = Kind.CONFLICT
    title = _("There are enough seats: book them instead of waiting.")
    declared_facts = {"available_seats": Fact("How many seats can be booked.", example=3)}

    @classmethod
    def of(cls, available: int) -> "SeatsAvailable":
        told = ngettext(
            "%(count)s seat is free: book it instead of waiting.",
            "%(count)s seats are free: book them instead of waiting.",
            available,
        )
        return cls(told % {"count": available}, available_seats=available)


class OfferPassed(Refusal):
    """The offer has ended."""

    code = "offer-passed"
    kind = Kind.GONE
    title = _("This offer has passed. Its seats went on to those who wait.")
    declared_facts = {
        "offer_status": Fact("How the offer ended.", example="declined", schema=TEXT),
    }


class NotInLine(Refusal):
    """The entry has been offered seats, or has ended."""

    code = "not-in-line"
    kind = Kind.CONFLICT
    title = _("This person does not stand in line any more.")
    declared_facts = {
        "entry_status": Fact("What became of the entry.", example="booked", schema=TEXT),
    }
