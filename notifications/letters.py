"""What a mail is about: the rows behind a notice."""

from dataclasses import dataclass
from typing import Any

from bookings.models import Booking
from bookings.queries import find_live_booking, list_live_bookings
from evently.accounts.models import User
from events.facts import Schedule
from events.models import Event
from notifications.models import Broadcast, Kind, Notice
from notifications.moves import schedule_before
from waitlist.models import Entry, Offer
from waitlist.queries import find_entry, place_of

# Whoever has more bookings of one event finds the others' files on their pages.
MOST_BOOKINGS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to one person, before it is put into words.

    Args:
        booking: of a reminder and a move too, for its ticket; None when it is gone meanwhile.
        other_bookings: of the same person and event, told of a move.
        position: in the line when the mail is written, from 1; None when the entry waits no more.
        before: when and where the event was to take place before it moved.
        subject, body: of a broadcast, in the organiser's words.
    """

    kind: str
    reader: User
    language: str
    event: Event | None = None
    booking: Booking | None = None
    other_bookings: tuple[Booking, ...] = ()
    entry: Entry | None = None
    position: int | None = None
    offer: Offer | None = None
    before: Schedule | None = None
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
            bookings = Booking.objects.select_related("event__organiser", "user")
            return {"booking": bookings.get(pk=notice.about)}
        case Kind.WAITLIST_JOINED:
            return _entry_and_place(notice)
        case Kind.WAITLIST_OFFER:
            return {"offer": Offer.objects.get(pk=notice.about)}
        case Kind.EVENT_MOVED:
            return _what_has_moved(notice)
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


def _what_has_moved(notice: Notice) -> dict[str, Any]:
    """What the person has of the event: bookings, or else an entry in its line."""
    assert notice.event_id
    rows = list_live_bookings(event_id=notice.event_id, user=notice.user)
    bookings = list(rows[:MOST_BOOKINGS])
    found: dict[str, Any] = {"before": schedule_before(notice.data)}
    if bookings:
        return found | {"booking": bookings[0], "other_bookings": tuple(bookings[1:])}
    return found | {"entry": find_entry(event_id=notice.event_id, user=notice.user)}


def _words_of_broadcast(notice: Notice) -> dict[str, Any]:
    """A test to oneself carries its words with it: there is no broadcast yet."""
    if "body" in notice.data:
        return {"subject": notice.data["subject"], "body": notice.data["body"]}
    broadcast = Broadcast.objects.get(pk=notice.about)
    return {"subject": broadcast.subject, "body": broadcast.body}
