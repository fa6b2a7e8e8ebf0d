"""A booking as a calendar file (RFC 5545), for the calendar of whoever booked."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import ngettext
from icalendar import Calendar
from icalendar import Event as Entry

from bookings.models import Booking
from events.models import Event

PRODUCER = "-//Evently//Tickets//EN"
# The rules of the event's zone are written down for this long before and after it.
AROUND = timedelta(days=366)


def ticket_calendar(booking: Booking, *, address: str) -> bytes:
    """The calendar file of a booking.

    Its UID is the booking's for ever, and the sequence grows when the booking is cancelled: a
    calendar that takes the file again changes its entry instead of adding another.

    Args:
        address: the whole address of the ticket's page.
    """
    calendar = Calendar()
    calendar.add("PRODID", PRODUCER)
    calendar.add("VERSION", "2.0")
    calendar.add_component(_entry(booking, address))
    event = booking.event
    calendar.add_missing_timezones(
        (event.starts_at - AROUND).date(), (event.ends_at + AROUND).date()
    )
    return bytes(calendar.to_ical())


def _entry(booking: Booking, address: str) -> Entry:
    event, is_off = booking.event, _is_off(booking)
    zone = ZoneInfo(event.timezone)
    entry = Entry()
    entry.add("UID", f"{booking.pk}@evently")
    entry.add("DTSTAMP", booking.cancelled_at or booking.created_at)
    entry.add("SEQUENCE", int(is_off))
    entry.add("STATUS", "CANCELLED" if is_off else "CONFIRMED")
    entry.add("SUMMARY", event.name)
    entry.add("DTSTART", event.starts_at.astimezone(zone))
    entry.add("DTEND", event.ends_at.astimezone(zone))
    if event.venue:
        entry.add("LOCATION", event.venue)
    entry.add("DESCRIPTION", f"{_seats(booking)}\n{address}")
    entry.add("URL", address)
    return entry


def _is_off(booking: Booking) -> bool:
    return booking.status not in booking.LIVE or booking.event.status == Event.Status.CANCELLED


def _seats(booking: Booking) -> str:
    words = ngettext(
        "%(count)s seat, reference %(reference)s",
        "%(count)s seats, reference %(reference)s",
        booking.quantity,
    )
    return words % {"count": booking.quantity, "reference": booking.reference}
