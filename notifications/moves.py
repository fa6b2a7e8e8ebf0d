"""Tells people that an event has a new time or place.

A move is noted in the transaction of the change; who is at it again soon after changes the same
note. When the changes have settled a job writes the notices, batch by batch, and the mails say what
holds when they are written. An organiser who corrects a slip thus tells people once; one who takes
the change back tells nobody.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from bookings.models import Booking
from evently.accounts.models import User
from evently.instants import iso
from evently.transactions import unit_of_work
from events.facts import EventMoved, Schedule
from events.models import Event
from notifications.models import Kind, Move
from notifications.writing import Telling, write_notices
from waitlist.models import Entry

# So long after the last change, and at most so long after the first, people are told.
SETTLES_AFTER = timedelta(minutes=2)
WAITS_AT_MOST = timedelta(minutes=10)
# They are told at once of what was to begin, or begins, within this time.
SOON = timedelta(hours=3)
BATCH = 1_000


def note_moves(facts: Sequence[EventMoved]) -> None:
    """Keep that people are to be told; called in the transaction of the change.

    The event's row is locked: nobody else opens a move of it now.
    """
    for fact in facts:
        still_open = Move.objects.filter(event=fact.event_id, closed_at=None)
        if not still_open.update(last_at=fact.at):
            Move.objects.create(
                event_id=fact.event_id,
                before=_as_json(fact.before),
                first_at=fact.at,
                last_at=fact.at,
            )


def tell_of_moves(*, now: datetime) -> None:
    """Write the notices of moves that have settled; interrupted it is called again.

    Side effects:
        Opens a transaction for each move and for each batch of people.
    """
    for move_id in list(Move.objects.filter(written_at=None).values_list("pk", flat=True)):
        move = _close_when_settled(move_id, now)
        if move.closed_at:
            _tell(move, now)


def schedule_before(data: dict[str, Any]) -> Schedule:
    """Time and place before a move, as `Move.before` and its notices keep them."""
    return Schedule(
        starts_at=datetime.fromisoformat(data["starts_at"]),
        ends_at=datetime.fromisoformat(data["ends_at"]),
        timezone=data["timezone"],
        venue=data["venue"],
    )


def is_news(event: Event | None, before: dict[str, Any]) -> bool:
    """Whether a move is worth telling: not when all is as it was before, nor when the event is off,
    which is told by itself."""
    return (
        event is not None
        and event.status == Event.Status.PUBLISHED
        and Schedule.of(event) != schedule_before(before)
    )


def _as_json(schedule: Schedule) -> dict[str, str]:
    times = {"starts_at": iso(schedule.starts_at), "ends_at": iso(schedule.ends_at)}
    return asdict(schedule) | times


def _close_when_settled(move_id: UUID, now: datetime) -> Move:
    """From its closing on, another change is another move."""
    with unit_of_work():
        move = Move.objects.select_for_update(of=("self",)).select_related("event").get(pk=move_id)
        if move.closed_at is None and _has_settled(move, now):
            move.closed_at = now
            move.save(update_fields=["closed_at"])
    return move


def _has_settled(move: Move, now: datetime) -> bool:
    begins = min(move.event.starts_at, schedule_before(move.before).starts_at)
    return (
        begins <= now + SOON
        or move.last_at <= now - SETTLES_AFTER
        or move.first_at <= now - WAITS_AT_MOST
    )


def _tell(move: Move, now: datetime) -> None:
    event, last = move.event, UUID(int=0)
    while is_news(event, move.before) and (people := _next_people(move, after=last)):
        with unit_of_work():
            write_notices(
                Kind.EVENT_MOVED,
                [
                    Telling(user_id=user, event_id=event.pk, about=move.pk, data=move.before)
                    for user in people
                ],
            )
        last = people[-1]
    Move.objects.filter(pk=move.pk).update(written_at=now)


def _next_people(move: Move, *, after: UUID) -> list[UUID]:
    """So many of those who booked or joined the line before the last change, by their ids."""
    booked = Booking.objects.live().filter(event=move.event_id, created_at__lte=move.last_at)
    waiting = Entry.objects.live().filter(event=move.event_id, joined_at__lte=move.last_at)
    concerned = Q(pk__in=booked.values("user")) | Q(pk__in=waiting.values("user"))
    people = User.objects.filter(concerned, is_active=True, pk__gt=after).order_by("pk")
    return list(people.values_list("pk", flat=True)[:BATCH])
