"""One person's booking, made together with those of others who want the same event just now.

A transaction holds the event's row until the disk has it, so bookings one by one are at most as
many a second as the disk can confirm. Therefore the threads of a process line up for an event: who
finds nobody there books alone, and the first of those who came meanwhile books for all of them.
"""

from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from uuid import UUID

from django.utils.translation import get_language

from bookings.models import Booking
from bookings.services.booking import BookingRequest, Outcome, book_batch


@dataclass(slots=True, eq=False)
class _Place:
    """A thread in line. It is told to book for a party, or what another thread came to."""

    request: BookingRequest
    now: datetime
    told: "Future[list[_Place] | Outcome]" = field(default_factory=Future)


# Who waits, by event; an event stands here as long as a thread books it.
_lines: dict[UUID, list[_Place]] = {}
_door = Lock()


def book_in_company(*, event_id: UUID, request: BookingRequest, now: datetime) -> Booking:
    """Book seats for one person, in one transaction with whoever waits in this process.

    Not to be called inside a transaction.

    Raises:
        As `book`; and what went wrong with the database, to everybody who was to be booked.

    Side effects:
        As `book_batch`.
    """
    place = _Place(replace(request, language=get_language(), context=copy_context()), now)
    _line_up(event_id, place)
    told = place.told.result()
    outcome = _book_for(event_id, told) if isinstance(told, list) else told
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _line_up(event_id: UUID, place: _Place) -> None:
    with _door:
        if event_id in _lines:
            _lines[event_id].append(place)
            return
        _lines[event_id] = []
    place.told.set_result([place])


def _book_for(event_id: UUID, party: list[_Place]) -> Outcome:
    """Book for a party, tell the others; returns what came of its first, who does this."""
    outcomes: list[Outcome]
    try:
        requests = [place.request for place in party]
        now = max(place.now for place in party)
        outcomes = book_batch(event_id=event_id, requests=requests, now=now)
    except Exception as error:  # noqa: BLE001 - everybody of the party raises it
        outcomes = [error] * len(party)
    _call_next(event_id)
    for place, outcome in zip(party[1:], outcomes[1:], strict=True):
        place.told.set_result(outcome)
    return outcomes[0]


def _call_next(event_id: UUID) -> None:
    """All who came meanwhile are the next party; without any the line is forgotten."""
    with _door:
        party = _lines[event_id]
        if not party:
            del _lines[event_id]
            return
        _lines[event_id] = []
    party[0].told.set_result(party)
