"""What a mail is about: the rows behind a notice."""

from dataclasses import dataclass
from typing import Any

from bookings.models import Booking
from bookings.queries import find_live_booking
from evently.accounts.models import User
from events.models import Event
from notifications.models import Broadcast, Kind, Notice
from waitlist.models import Entry, Offer
from waitlist.queries import place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to one person, before it is put into words.

    Args:
        booking: of a reminder too, for its ticket; None when it is gone meanwhile.
        position: in the line when the mail is written, from 1; None when the entry waits no more.
        subject, body: of a broadcast, in the organiser's words.
    """

    kind: str
    reader: User
    language: str
    event: Event | None = None
    booking: Booking | None = None
    entry: Entry | None = None
    position: int | None = None
    offer: Offer | None = None
    subject: str = ""
    body: str = ""


def letter_of(notice: Notice) -> Letter:
    """The letter that tells of this notice, as things stand now."""
    return Letter(
        kind=notice.kind,
        reader=notice.user,
        language=notice.language,
        event=notice.event,
        **_rows_of(notice),
    )


def _rows_of(notice: Notice) -> dict[str, Any]:
    match notice.kind:
        case Kind.BOOKING_CONFIRMED | Kind.BOOKING_CANCELLED:
            return {"booking": Booking.objects.select_related("event", "user").get(pk=notice.about)}
        case Kind.WAITLIST_JOINED:
            return _entry_and_place(notice)
        case Kind.WAITLIST_OFFER:
            return {"offer": Offer.objects.get(pk=notice.about)}
        case Kind.EVENT_REMINDER:
            assert notice.event_id
            booking = find_live_booking(event_id=notice.event_id, user=notice.user)
            return {"booking": booking}
        case Kind.BROADCAST:
            return _words_of_broadcast(notice)
    return {}


def _entry_and_place(notice: Notice) -> dict[str, Any]:
    entry = Entry.objects.get(pk=notice.about)
    waits = entry.status == Entry.Status.WAITING
    return {"entry": entry, "position": place_of(entry).position if waits else None}


def _words_of_broadcast(notice: Notice) -> dict[str, Any]:
    """A test to oneself carries its words with it: there is no broadcast yet."""
    if "body" in notice.data:
        return {"subject": notice.data["subject"], "body": notice.data["body"]}
    broadcast = Broadcast.objects.get(pk=notice.about)
    return {"subject": broadcast.subject, "body": broadcast.body}
