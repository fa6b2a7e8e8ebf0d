"""Bookings as a calendar file (RFC 5545, RFC 5546), for the calendar of whoever booked.

An entry's UID is its booking's for ever. SEQUENCE grows with each change of the event's time or
place, and once more when the booking or the event is off: a calendar that gets the file again
changes its entry, or takes it out, instead of adding another.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import ngettext
from icalendar import Calendar, vCalAddress
from icalendar import Event as Entry

from bookings.models import Booking
from evently.addresses import mailbox
from evently.text import tidy_text
from events.models import Event

PRODUCER = "-//Evently//Tickets//EN"
PUBLISH, CANCEL = "PUBLISH", "CANCEL"
# The rules of the event's zone are written down for this long before and after it.
AROUND = timedelta(days=366)


def calendar_method(booking: Booking) -> str:
    """What the booking's file asks a calendar to do: PUBLISH, or CANCEL to take the entry out."""
    return CANCEL if _is_off(booking) else PUBLISH


def ticket_calendar(
    bookings: Sequence[Booking], *, address_of: Callable[[Booking], str], now: datetime
) -> bytes:
    """The calendar file of one or more bookings of one event, with an entry for each.

    Args:
        bookings: at least one; all stand, or all are off.
        address_of: the whole address of a booking's page.
        now: when the file is made (DTSTAMP).
    """
    first, event = bookings[0], bookings[0].event
    calendar = Calendar()
    calendar.add("PRODID", PRODUCER)
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", calendar_method(first))
    for booking in bookings:
        calendar.add_component(_entry(booking, address_of(booking), now))
    calendar.add_missing_timezones(
        (event.starts_at - AROUND).date(), (event.ends_at + AROUND).date()
    )
    return bytes(calendar.to_ical())


def _entry(booking: Booking, address: str, now: datetime) -> Entry:
    event, is_off = booking.event, _is_off(booking)
    zone = ZoneInfo(event.timezone)
    entry = Entry()
    entry.add("UID", f"{booking.pk}@evently")
    entry.add("DTSTAMP", now)
    entry.add("CREATED", booking.created_at)
    entry.add("LAST-MODIFIED", _changed_at(booking))
    entry.add("SEQUENCE", event.moves + is_off)
    entry.add("STATUS", "CANCELLED" if is_off else "CONFIRMED")
    entry.add("ORGANIZER", _organizer(event))
    entry.add("SUMMARY", tidy_text(event.name))
    entry.add("DTSTART", event.starts_at.astimezone(zone))
    entry.add("DTEND", event.ends_at.astimezone(zone))
    if event.venue:
        entry.add("LOCATION", tidy_text(event.venue))
    entry.add("DESCRIPTION", f"{_seats(booking)}\n{address}")
    entry.add("URL", address)
    return entry


def _organizer(event: Event) -> vCalAddress:
    """Who sends the entry. Both methods need one (RFC 5546 §3.2.1, §3.2.5)."""
    organizer = vCalAddress(f"mailto:{parseaddr(mailbox(settings.DEFAULT_FROM_EMAIL))[1]}")
    # A parameter has no way to say a quotation mark (RFC 5545 §3.2).
    organizer.params["CN"] = tidy_text(event.organiser.name).replace('"', "'")
    return organizer


def _is_off(booking: Booking) -> bool:
    return booking.status not in booking.LIVE or booking.event.status == Event.Status.CANCELLED


def _changed_at(booking: Booking) -> datetime:
    changes = (booking.created_at, booking.event.moved_at, booking.cancelled_at)
    return max(filter(None, changes))


def _seats(booking: Booking) -> str:
    words = ngettext(
        "%(count)s seat, reference %(reference)s",
        "%(count)s seats, reference %(reference)s",
        booking.quantity,
    )
    return words % {"count": booking.quantity, "reference": booking.reference}
