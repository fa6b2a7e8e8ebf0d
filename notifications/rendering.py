"""A notice as a mail: subject, text, HTML, and what is attached; in the notice's own language.

The words stand in `templates/mails`: for each kind an HTML and a text template on one skeleton.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import segno
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from bookings.calendar_file import calendar_method, ticket_calendar
from bookings.models import Booking
from bookings.wording import money_back_of, payment_of
from evently.links import address_of_page
from evently.site.templatetags.show import at, money, number, seats, to_pay, when
from evently.text import tidy_text
from events.facts import Schedule
from events.models import Event
from notifications.letters import Letter, letter_of
from notifications.mail_look import STYLE_SHEET, cover_colour, inlined
from notifications.models import Kind, Notice
from notifications.unsubscribing import unsubscribe_token
from notifications.wording import OPTIONAL, REASONS, title_of
from waitlist.models import Entry, Offer
from waitlist.queries import offer_token

# Pixels of a QR module: sharp on dense screens at the 168 px that the mail shows.
QR_SCALE = 8
Fact = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a mail. The HTML shows a picture as `cid:<name>`: its name is its Content-ID.

    Args:
        method: of a calendar file: PUBLISH or CANCEL (RFC 5546).
    """

    name: str
    content: bytes
    media_type: str
    method: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """What goes to a provider, but for the addresses."""

    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def render(notice: Notice) -> Mail:
    """The mail that tells of this notice, in the notice's language, as things stand now."""
    return write(letter_of(notice))


def write(letter: Letter) -> Mail:
    """Put a letter into words."""
    if not letter.reader.is_verified:
        return _write_to_unverified(letter)
    with translation.override(letter.language):
        context = _context(letter)
        html = render_to_string(f"mails/{letter.kind}.html", context)
        text = render_to_string(f"mails/{letter.kind}.txt", context)
        return Mail(
            subject=tidy_text(context["subject"]),
            text=tidy_text(text, lines=True).strip() + "\n",
            html=inlined(tidy_text(html, lines=True).strip()),
            attachments=_attachments(letter),
            headers=_headers(context["addresses"].get("unsubscribe")),
        )


def _write_to_unverified(letter: Letter) -> Mail:
    """Of a booking, to an address that nobody has verified: nothing that a stranger typed, such as
    the event's name, the place or a person's name, and no files that hold it."""
    assert letter.booking
    assert letter.event
    subjects = {
        Kind.BOOKING_CONFIRMED: _lazy("Your booking %(reference)s"),
        Kind.BOOKING_CANCELLED: _lazy("Cancelled: your booking %(reference)s"),
    }
    with translation.override(letter.language):
        addresses = _addresses(letter)
        context = {
            "subject": subjects[Kind(letter.kind)] % {"reference": letter.booking.reference},
            "is_cancelled": letter.kind == Kind.BOOKING_CANCELLED,
            "facts": [(_("When"), when(letter.event)), *_facts_of_booking(letter.booking)],
            "addresses": addresses | {"verify": address_of_page("account_email")},
            "why": REASONS[letter.kind],
            "style_sheet": mark_safe(STYLE_SHEET),  # noqa: S308 (our own constant)
        }
        return Mail(
            subject=str(context["subject"]),
            text=render_to_string("mails/unverified_booking.txt", context).strip() + "\n",
            html=inlined(render_to_string("mails/unverified_booking.html", context).strip()),
        )


def _context(letter: Letter) -> dict[str, Any]:
    event = letter.event
    name = event.name if event else ""
    return {
        "subject": title_of(letter.kind, event=name, subject=letter.subject),
        "reader": letter.reader,
        "event": event,
        "booking": letter.booking,
        "entry": letter.entry,
        "body": letter.body,
        "facts": _facts(letter),
        "addresses": _addresses(letter),
        "why": REASONS[letter.kind],
        "cover_colour": cover_colour(name),
        "style_sheet": mark_safe(STYLE_SHEET),  # noqa: S308 (our own constant)
        **_words(letter),
    }


def _words(letter: Letter) -> dict[str, Any]:
    """What only some kinds say."""
    if letter.kind == Kind.BOOKING_CANCELLED:
        assert letter.booking
        return {
            "opening": _what_is_off(letter.booking),
            "money_back": money_back_of(letter.booking),
        }
    if letter.before and letter.event:
        return _words_of_move(letter.event, letter.before, letter.booking)
    if letter.offer and letter.event:
        return {"deadline": at(letter.offer.expires_at, letter.event.timezone)}
    if letter.booking:
        return {"code_name": _code_name(letter.booking)}
    return {}


def _words_of_move(event: Event, before: Schedule, booking: Booking | None) -> dict[str, str]:
    until = at(booking.cancellable_until, event.timezone) if booking else ""
    return {"opening": _what_is_new(event, before), "cancellable_until": until}


def _what_is_new(event: Event, before: Schedule) -> str:
    if event.venue == before.venue:
        return _("The event takes place at another time.")
    if _times(event) == _times(before):
        return _("The event takes place somewhere else.")
    return _("The event takes place at another time and somewhere else.")


def _times(schedule: Event | Schedule) -> tuple[datetime, datetime, str]:
    return schedule.starts_at, schedule.ends_at, schedule.timezone


def _what_is_off(booking: Booking) -> str:
    if booking.event.status == Event.Status.CANCELLED:
        return _("The organiser called the event off, and your booking with it.")
    return _("Your booking is cancelled, and your seats are free for others.")


# --- The table of facts -------------------------------------------------------------------------


def _facts(letter: Letter) -> list[Fact]:
    return [
        *(_facts_of_event(letter.event, letter.before) if letter.event else []),
        *(_facts_of_booking(letter.booking) if letter.booking else []),
        *(_facts_of_entry(letter.entry, letter.position) if letter.entry else []),
        *(_facts_of_offer(letter.offer) if letter.offer else []),
    ]


def _facts_of_event(event: Event, before: Schedule | None) -> list[Fact]:
    """When and where; of an event that has moved also what does not hold any more."""
    facts = [(_("When"), when(event))]
    if before and _times(event) != _times(before):
        facts = [(_("New time"), when(event)), (_("Old time"), when(before))]
    if before and event.venue != before.venue:
        return [*facts, (_("New place"), event.venue or "–"), (_("Old place"), before.venue or "–")]
    return [*facts, (_("Where"), event.venue)] if event.venue else facts


def _facts_of_booking(booking: Booking) -> list[Fact]:
    payment, person = payment_of(booking), booking.user
    # A mail to an address that nobody has verified holds nothing that somebody typed.
    name = person.name if person.is_verified else ""
    return [
        *([(_("Booked by"), name)] if name else []),
        (_("Seats"), number(booking.quantity)),
        (_("Total"), money(booking.total, booking.currency)),
        *([(_("Payment"), payment)] if payment else []),
        (_("Reference"), booking.reference),
    ]


def _facts_of_entry(entry: Entry, position: int | None) -> list[Fact]:
    wish = seats(entry.quantity)
    if entry.part_is_fine and entry.quantity > 1:
        wish = _("%(seats)s, or a part of them") % {"seats": wish}
    place = [(_("Your place now"), number(position))] if position else []
    return [(_("Your wish"), wish), *place]


def _facts_of_offer(offer: Offer) -> list[Fact]:
    price = money(offer.unit_price, offer.currency)
    total = [(_("Total"), money(offer.total, offer.currency))] if offer.seats > 1 else []
    owed = [(_("Payment"), to_pay(offer.total, offer.currency))] if offer.total else []
    return [(_("Seats"), number(offer.seats)), (_("Price of a seat"), price), *total, *owed]


# --- Links --------------------------------------------------------------------------------------


def _addresses(letter: Letter) -> dict[str, str]:
    """Whole addresses by what they lead to. None of them changes anything when it is opened."""
    found = {
        "home": address_of_page("events:catalogue"),
        "preferences": address_of_page("notifications:preferences"),
    }
    if letter.event:
        found["event"] = address_of_page("bookings:event", letter.event.pk)
    if letter.booking:
        found["ticket"] = _ticket_address(letter.booking)
    if letter.offer:
        found["offer"] = address_of_page("waitlist:offer", offer_token(letter.offer))
        found["decline"] = found["offer"] + "#decline"
    if letter.kind in OPTIONAL:
        token = unsubscribe_token(letter.reader.pk, letter.kind)
        found["unsubscribe"] = address_of_page("notifications:unsubscribe", token)
    return found


def _headers(unsubscribe: str | None) -> dict[str, str]:
    """One click in the mail program stops mails of this kind (RFC 2369, RFC 8058)."""
    if unsubscribe is None:
        return {}
    return {
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


# --- Files --------------------------------------------------------------------------------------


def _attachments(letter: Letter) -> tuple[Attachment, ...]:
    booking = letter.booking
    if booking is None:
        return ()
    wanted = {
        Kind.BOOKING_CONFIRMED: (_calendar, _code),
        Kind.BOOKING_CANCELLED: (_calendar,),
        Kind.EVENT_MOVED: (_calendar,),
        Kind.EVENT_REMINDER: (_code,),
    }[Kind(letter.kind)]
    return tuple(file(booking, letter) for file in wanted)


def _calendar(booking: Booking, letter: Letter) -> Attachment:
    bookings = (booking, *letter.other_bookings)
    content = ticket_calendar(bookings, address_of=_ticket_address, now=timezone.now())
    name = f"evently-{booking.reference}.ics"
    return Attachment(name, content, "text/calendar", method=calendar_method(booking))


def _code(booking: Booking, _letter: Letter) -> Attachment:
    return Attachment(_code_name(booking), qr_picture(_ticket_address(booking)), "image/png")


def _ticket_address(booking: Booking) -> str:
    return address_of_page("bookings:ticket", booking.reference)


def _code_name(booking: Booking) -> str:
    return f"evently-{booking.reference}.png"


def qr_picture(text: str) -> bytes:
    """A QR code (ISO 18004, level M) as a PNG without margin: mail programs show no drawings."""
    file = io.BytesIO()
    segno.make_qr(text, error="m").save(file, kind="png", scale=QR_SCALE, border=0)
    return file.getvalue()
