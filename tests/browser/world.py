"""What there is to look at: one event in each state, and a person with bookings."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F

from bookings.models import Booking
from bookings.services import cancel_booking
from evently.accounts.models import User
from evently.demo.people import ADMIN, ORGANISER, VISITOR
from events.models import Event, Organiser
from tests.makers import make_booking, make_event, make_organiser, make_user
from waitlist.models import Entry, Offer
from waitlist.services import decline_offer, join_waitlist

DAY = timedelta(days=1)
TEXT = "Two cellos, a drum kit and a singer who likes long silences.\n\nDoors open at seven."


@dataclass(frozen=True)
class World:
    """Events are named by the state of their sale, people by what they are here."""

    people: dict[str, User]
    events: dict[str, Event]
    ticket: Booking
    cancelled_ticket: Booking
    entry: Entry
    offer: Offer
    passed_offer: Offer


def make_world() -> World:
    """A small world in an empty database."""
    owner = make_user("Olga")
    organiser = make_organiser(owner)
    states: dict[str, dict[str, Any]] = {
        "on-sale": {},
        "few-left": {"available_seats": 3},
        "sold-out": {"available_seats": 0},
        "cancelled": {"status": Event.Status.CANCELLED},
        "past": _past(),
        "soon": {"sales_start_at": datetime.now(UTC) + 2 * DAY},
        "closed": {"sales_end_at": datetime.now(UTC) - DAY},
    }
    events = {
        state: make_event(organiser, name=f"Late Jazz, {state}", description=TEXT, **values)
        for state, values in states.items()
    }
    people = {
        "visitor": make_user("Vic"),
        "organiser": owner,
        "admin": make_user("Ada", is_staff=True, is_superuser=True),
    }
    return _complete(people, organiser, events)


def find_demo_world() -> World:
    """The demo, where it is loaded, with what it lacks."""
    people = {
        name: User.objects.get(email=email)
        for name, email in (("visitor", VISITOR), ("organiser", ORGANISER), ("admin", ADMIN))
    }
    now = datetime.now(UTC)
    upcoming = Event.objects.upcoming(now).order_by("starts_at", "id")
    past = Event.objects.filter(status=Event.Status.COMPLETED).order_by("-starts_at", "id")
    called_off = Event.objects.filter(status=Event.Status.CANCELLED).order_by("starts_at", "id")
    found = {
        "on-sale": upcoming.bookable(now).filter(available_seats__gt=40),
        "few-left": upcoming.bookable(now).filter(
            available_seats__range=(1, 5), max_per_booking__gt=F("available_seats")
        ),
        "sold-out": upcoming.filter(available_seats=0),
        "cancelled": called_off,
        "past": past,
        "soon": upcoming.filter(sales_start_at__gt=now),
        "closed": upcoming.filter(sales_end_at__lte=now),
    }
    events = {state: rows[0] for state, rows in found.items()}
    return _complete(people, events["on-sale"].organiser, events)


def _complete(people: dict[str, User], organiser: Organiser, events: dict[str, Event]) -> World:
    """The visitor's bookings, and somebody who has none."""
    visitor, people["newcomer"] = people["visitor"], make_user("Nia")
    people["unverified"] = make_user("Una", email="una@example.com", verified=False)
    booked, given_back = [make_event(organiser, name=name) for name in ("Salon", "Matinee")]
    cancelled = make_booking(given_back, visitor)
    cancel_booking(reference=cancelled.reference, by=visitor, now=datetime.now(UTC))
    ticket = make_booking(booked, visitor, quantity=2)
    waiting = [_wait(organiser, f"Recital {number}", visitor) for number in range(3)]
    offers = [_offer(entry) for entry in waiting[1:]]
    decline_offer(offer_id=offers[1].pk, user=visitor, now=datetime.now(UTC))
    return World(people, events, ticket, cancelled, waiting[0], *offers)


def _wait(organiser: Organiser, name: str, visitor: User) -> Entry:
    """The visitor waits for two seats of a full event."""
    event, now = make_event(organiser, name=name, capacity=6), datetime.now(UTC)
    for _ in range(3):
        make_booking(event, quantity=2)
    make_line = [(make_user(), 3), (make_user(), 4)] if name == "Recital 0" else []
    for person, quantity in [*make_line, (visitor, 2)]:
        entry = join_waitlist(event_id=event.pk, user=person, quantity=quantity, now=now)
    return entry


def _offer(entry: Entry) -> Offer:
    """Two seats come back."""
    booking = Booking.objects.filter(event=entry.event_id)[0]
    cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))
    return Offer.objects.get(entry=entry)


def _past() -> dict[str, Any]:
    starts_at = datetime.now(UTC) - 3 * DAY
    return {"starts_at": starts_at, "status": Event.Status.COMPLETED}
