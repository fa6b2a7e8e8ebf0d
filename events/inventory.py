"""The seat counter of an event, and the equation that must hold at every commit:

    capacity = available_seats + confirmed + held or offered

Every path that takes or gives back a seat goes through the primitives here, inside a transaction,
with the event's row locked by `events.locks.lock_event`. Apps that keep claims on seats (bookings,
offers) register how to count them, so that the equation can be recounted from rows. An app that
keeps a queue for seats registers how to serve it: what becomes free is its own first.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from evently.errors import Busy, Invalid
from evently.facts import publish
from events.errors import CapacityBelowTaken
from events.facts import EventStateChanged
from events.models import MAX_CAPACITY, Event

# Given event ids: the seats claimed in each, by the claim's name, such as {"confirmed": 12}.
ClaimCounter = Callable[[Iterable[UUID]], dict[UUID, dict[str, int]]]

# Given a locked event, how many of its seats are free for those who wait, and the instant: how many
# of them the queue takes as its claim. Fewer than none: so many that it claimed it gives up.
Queue = Callable[[Event, int, datetime], int]

_claim_counters: list[ClaimCounter] = []
_queues: list[Queue] = []


def register_claims(counter: ClaimCounter) -> None:
    """Let `counter` take part in recounting an event's seats; registering twice is once."""
    if counter not in _claim_counters:
        _claim_counters.append(counter)


def register_queue(serve: Queue) -> None:
    """Let `serve` have freed seats before the public has; registering twice is once."""
    if serve not in _queues:
        _queues.append(serve)


def count_claims(event_ids: Iterable[UUID]) -> dict[UUID, Counter[str]]:
    """Seats claimed in each of the events, recounted from rows: one query for each counter."""
    ids = list(event_ids)
    claims: dict[UUID, Counter[str]] = {event_id: Counter() for event_id in ids}
    for counter in _claim_counters:
        for event_id, seats in counter(ids).items():
            claims[event_id].update(seats)
    return claims


def take_seats(event: Event, *, seats: int, changes: int = 1) -> None:
    """Take seats from the public count of a locked event.

    Args:
        seats: how many; the caller has seen on the locked row that they are there.
        changes: how many bookings this stands for; the version grows by it.

    Raises:
        Busy: the row changed under the lock (somebody wrote without it); nothing is taken.
        IntegrityError: more than there are; the table's own check.
    """
    _move(event, seats=-seats, changes=changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """Seats to take from a locked event; see `take_seats`."""

    event: Event
    seats: int
    changes: int


def take_seats_together(takings: Sequence[Taking]) -> None:
    """Take seats from several locked events, each as `take_seats` does: in one statement.

    Raises:
        Busy: one of the rows changed under the lock; the caller's transaction is to be given up.
        IntegrityError: more than there are.
    """
    if len(takings) == 1:
        [taking] = takings
        take_seats(taking.event, seats=taking.seats, changes=taking.changes)
    elif takings:
        _take_from_many(takings)


def return_seats(event: Event, *, seats: int, now: datetime, changes: int = 1) -> None:
    """Give seats of a locked event back: to those who wait for them, and what they leave to the
    public. See `take_seats`.
    """
    served = _serve(event, event.available_seats + seats, now)
    _move(event, seats=seats - served, changes=changes)


def serve_queue(event: Event, *, now: datetime) -> None:
    """Give those who wait what they can have of a locked event's free seats. See `take_seats`."""
    if served := _serve(event, event.available_seats, now):
        _move(event, seats=-served, changes=1)


def change_capacity(event: Event, *, capacity: int, now: datetime) -> None:
    """Make a locked event larger or smaller; what is added is for those who wait, and what they
    leave for the public.

    Raises:
        Invalid: outside 1 to MAX_CAPACITY.
        CapacityBelowTaken: fewer than are taken, with the numbers of each claim.
    """
    if not 1 <= capacity <= MAX_CAPACITY:
        told = _("An event has between 1 and %(most)s seats.") % {"most": MAX_CAPACITY}
        raise Invalid(capacity=told)
    grown = capacity - event.capacity
    if event.available_seats + grown < 0:
        raise CapacityBelowTaken(capacity=capacity, claims=_claims_shown(event))
    served = _serve(event, event.available_seats + grown, now) if grown > 0 else 0
    _move(event, seats=grown - served, changes=1, grown=grown)


def _serve(event: Event, free: int, now: datetime) -> int:
    taken = 0
    for serve in _queues:
        taken += serve(event, free - taken, now)
    return taken


def _claims_shown(event: Event) -> dict[str, int]:
    """The three numbers that an organiser knows, also when one of them is nought."""
    return {"confirmed": 0, "held": 0, "offered": 0, **count_claims([event.pk])[event.pk]}


def _move(event: Event, *, seats: int, changes: int, grown: int = 0) -> None:
    written = Event.objects.filter(pk=event.pk, version=event.version).update(
        available_seats=F("available_seats") + seats,
        capacity=F("capacity") + grown,
        version=F("version") + changes,
    )
    if not written:
        raise Busy
    event.available_seats += seats
    event.capacity += grown
    event.version += changes
    publish(EventStateChanged.of(event))


# What `_move` writes, for many rows: the same check of each row's version.
TAKE_FROM_MANY = """
    UPDATE events_event AS event
    SET available_seats = event.available_seats - taken.seats,
        version = event.version + taken.changes
    FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[])
        AS taken (id, seats, changes, version)
    WHERE event.id = taken.id AND event.version = taken.version
"""


def _take_from_many(takings: Sequence[Taking]) -> None:
    rows = [(t.event.pk, t.seats, t.changes, t.event.version) for t in takings]
    with connection.cursor() as cursor:
        cursor.execute(TAKE_FROM_MANY, [list(column) for column in zip(*rows, strict=True)])
        if cursor.rowcount != len(takings):
            raise Busy
    for taking in takings:
        taking.event.available_seats -= taking.seats
        taking.event.version += taking.changes
        publish(EventStateChanged.of(taking.event))
