"""A letter of each kind about things that do not exist: previews for those who look after mails."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils import translation
from django.utils.translation import gettext as _

from bookings.models import Booking
from evently.accounts.models import User
from events.facts import Schedule
from events.models import Event, Organiser
from notifications.letters import Letter
from notifications.models import Kind
from waitlist.models import Entry, Offer

START = datetime(2027, 3, 13, 19, 0, tzinfo=UTC)
MADE = START - timedelta(days=12)
WITH_BOOKING = {
    Kind.BOOKING_CONFIRMED,
    Kind.BOOKING_CANCELLED,
    Kind.EVENT_MOVED,
    Kind.EVENT_REMINDER,
}


def sample_letter(kind: Kind, language: str) -> Letter:
    """A letter of this kind that shows all of its parts."""
    with translation.override(language):
        event, reader = _event(kind), _reader()
        return Letter(
            kind=kind,
            reader=reader,
            language=language,
            event=None if kind == Kind.WELCOME else event,
            booking=_booking(kind, event, reader),
            entry=_entry(event, reader) if kind == Kind.WAITLIST_JOINED else None,
            position=12 if kind == Kind.WAITLIST_JOINED else None,
            before=_before(event) if kind == Kind.EVENT_MOVED else None,
            offer=_offer(event, reader) if kind == Kind.WAITLIST_OFFER else None,
            subject=_("Doors open half an hour earlier"),
            body=_(
                "Come at half past six if you can: the first set begins at seven.\n\n"
                "The bar takes cards and cash."
            ),
        )


def _reader() -> User:
    return User(name="Ada Lovelace", email="ada@example.com", email_verified_at=MADE)


def _event(kind: Kind) -> Event:
    has_moved = kind == Kind.EVENT_MOVED
    return Event(
        moves=int(has_moved),
        moved_at=MADE + timedelta(days=1) if has_moved else None,
        organiser=Organiser(name="Blue Note"),
        name=_("Late Jazz at the Cellar"),
        venue=_("The Cellar, Long Street 12, Berlin"),
        timezone="Europe/Berlin",
        starts_at=START,
        ends_at=START + timedelta(hours=3),
        price=Decimal("24.50"),
        currency="EUR",
        status=Event.Status.PUBLISHED,
    )


def _booking(kind: Kind, event: Event, reader: User) -> Booking | None:
    if kind not in WITH_BOOKING:
        return None
    is_off = kind == Kind.BOOKING_CANCELLED
    return Booking(
        reference="7K3M9Q2PXA",
        event=event,
        user=reader,
        quantity=2,
        unit_price=event.price,
        currency=event.currency,
        status=Booking.Status.CANCELLED if is_off else Booking.Status.CONFIRMED,
        amount_received=event.price if is_off else None,
        refund=Booking.Refund.DUE if is_off else Booking.Refund.NONE,
        created_at=MADE,
        cancelled_at=MADE + timedelta(days=1) if is_off else None,
    )


def _before(event: Event) -> Schedule:
    starts_at = event.starts_at - timedelta(days=7)
    return Schedule(
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=3),
        timezone=event.timezone,
        venue=_("The Attic, Bridge Street 3, Berlin"),
    )


def _entry(event: Event, reader: User) -> Entry:
    return Entry(event=event, user=reader, quantity=2, part_is_fine=True, joined_at=MADE)


def _offer(event: Event, reader: User) -> Offer:
    return Offer(
        event=event,
        user=reader,
        seats=2,
        unit_price=event.price,
        currency=event.currency,
        made_at=MADE,
        expires_at=MADE + timedelta(minutes=10),
    )
