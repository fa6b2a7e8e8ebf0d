"""People who wait for seats of a full event, and what the rows say of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bookings.models import Booking
from bookings.services import cancel_booking
from evently.accounts.models import User
from events.inventory import count_claims
from events.models import Event, Organiser
from tests.makers import make_booking, make_event, make_organiser, make_user
from waitlist.counting import RADIX_BITS, TOP
from waitlist.models import Count, Entry, Offer, Standing, Tier, Waitlist
from waitlist.services import join_waitlist


def make_full_event(organiser: Organiser | None = None, **fields: Any) -> Event:
    """An event whose seats are all booked, each by somebody else; one seat unless told so."""
    event = make_event(organiser, **{"capacity": 1, **fields})
    for _ in range(event.capacity):
        make_booking(event)
    event.refresh_from_db()
    return event


def make_owned_full_event(**fields: Any) -> tuple[Event, User]:
    """A full event, and the owner of its organiser."""
    owner = make_user("Olga")
    return make_full_event(make_organiser(owner), **fields), owner


def make_entry(
    event: Event,
    user: User | None = None,
    quantity: int = 1,
    *,
    part_is_fine: bool = False,
    tier: Tier | None = None,
    now: datetime | None = None,
) -> Entry:
    """An entry made through the service; `tier` is the person's standing with the organiser."""
    user = user or make_user()
    if tier:
        Standing.objects.create(organiser_id=event.organiser_id, user=user, tier=tier)
    return join_waitlist(
        event_id=event.pk,
        user=user,
        quantity=quantity,
        part_is_fine=part_is_fine,
        now=now or datetime.now(UTC),
    )


def set_line(event: Event, **rules: Any) -> None:
    """The line's rules as they are to be; nobody is served because of it."""
    Waitlist.objects.update_or_create(pk=event.pk, defaults=rules)


def cancel_one(event: Event, now: datetime | None = None) -> None:
    """The oldest booking is cancelled by its person."""
    booking = Booking.objects.live().filter(event=event).order_by("pk")[0]
    cancel_booking(reference=booking.reference, by=booking.user, now=now or datetime.now(UTC))


# --- What the rows say --------------------------------------------------------------------------


def offer_of(entry: Entry) -> Offer:
    """The open offer of an entry, with all that belongs to it."""
    return Offer.objects.open().select_related("user", "event", "entry").get(entry=entry)


def offered(event: Event) -> dict[int, int]:
    """Seats of the open offers, by the numbers of their entries."""
    return dict(Offer.objects.open().filter(event=event).values_list("entry__number", "seats"))


def status_of(entry: Entry) -> str:
    return Entry.objects.get(pk=entry.pk).status


def free_seats(event: Event) -> int:
    return Event.objects.get(pk=event.pk).available_seats


def kept_seats(event: Event) -> int:
    line = Waitlist.objects.filter(pk=event.pk).first()
    return line.kept_seats if line else 0


def adds_up(event: Event) -> bool:
    """Whether the inventory equation holds with all claims recounted from rows."""
    row = Event.objects.get(pk=event.pk)
    claimed = count_claims([event.pk])[event.pk].total()
    return row.capacity == row.available_seats + claimed and row.available_seats >= 0


def is_counted_right(event: Event) -> bool:
    """Whether the tree of counts is what a recount of those who stand in line comes to."""
    recount: dict[tuple[int, int, int], tuple[int, int]] = {}
    for entry in Entry.objects.waiting().filter(event=event):
        for level in range(TOP + 1):
            node = (entry.tier, level, entry.number >> RADIX_BITS * (level + 1))
            people, seats = recount.get(node, (0, 0))
            recount[node] = (people + 1, seats + entry.quantity)
    kept = {
        (count.tier, count.level, count.place): (count.people, count.seats)
        for count in Count.objects.filter(event=event).exclude(people=0, seats=0)
    }
    return kept == recount


def is_sound(event: Event) -> bool:
    return adds_up(event) and is_counted_right(event)


def naive_places(entries: Sequence[Entry]) -> dict[Any, tuple[int, int]]:
    """People and seats ahead of each entry of one event, by walking along the line."""
    line = sorted(entries, key=lambda entry: (-entry.tier, entry.number))
    places, seats = {}, 0
    for people, entry in enumerate(line):
        places[entry.pk] = (people, seats)
        seats += entry.quantity
    return places
