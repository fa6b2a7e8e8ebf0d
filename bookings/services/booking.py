"""Booking seats: a batch of requests in one transaction.

Three layers keep a seat from being sold twice, each proven alone in `tests/bookings/`: a lock in
Redis for each person and event, the lock on the event's row, and the version-checked update of its
counter. The table's constraints stand behind them.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar, cast
from uuid import UUID

from django.db import Error, IntegrityError
from django.utils import translation
from psycopg.errors import UniqueViolation

from bookings.errors import AlreadyBooked, BookingInProgress, SoldOut
from bookings.facts import BookingConfirmed
from bookings.locks import hold_booking_locks
from bookings.metrics import BATCH_SECONDS, BATCH_SIZE, BOOKINGS, REFUSALS, SEATS_BOOKED
from bookings.models import Booking
from bookings.queries import list_holders
from bookings.services.retries import Memory, recall
from bookings.services.terms import find_obstacle
from evently.errors import Busy, Refusal
from evently.facts import publish
from evently.transactions import unit_of_work
from events.inventory import Taking, take_seats_together
from events.locks import lock_event, lock_free_events
from events.models import Event

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRequest:
    """One person's wish for seats.

    Args:
        idempotency_key: makes a repeated request return the first answer.
        language: of what is said to the person; None: the one that is active.
        context: where the request came in, with its correlation id, for what is done on its behalf
            in a thread that works for many.
    """

    user_id: UUID
    quantity: int
    idempotency_key: str | None = None
    language: str | None = None
    context: Context | None = None

    def do(self, step: Callable[..., Result], *args: object) -> Result:
        """Do something on the request's behalf."""
        return self.context.run(step, *args) if self.context else step(*args)

    def say(self, step: Callable[..., Result], *args: object) -> Result:
        """Do something that speaks to the person."""
        with translation.override(self.language) if self.language else nullcontext():
            return step(*args)


class EventHeld(Exception):
    """The event's row is locked by somebody else, or could not be written together with others.

    Nothing was decided: `book_batch` waits for the row.
    """


# A request and the event that it is for.
Wish = tuple[UUID, BookingRequest]
# What became of a request: its booking, or why there is none.
Outcome = Booking | Exception


def book(*, event_id: UUID, request: BookingRequest, now: datetime) -> Booking:
    """Book seats for one person: a batch of one.

    Raises:
        EventNotFound: no such event, or a draft.
        EventClosed: cancelled, over, or its sale has not begun or has ended.
        Invalid: more seats than one booking may have, or fewer than one.
        AlreadyBooked, SoldOut, BookingInProgress, IdempotencyMismatch, Busy: see `errors`.

    Side effects:
        As `book_batch`.
    """
    [outcome] = book_batch(event_id=event_id, requests=[request], now=now)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def book_batch(
    *, event_id: UUID, requests: Sequence[BookingRequest], now: datetime
) -> list[Outcome]:
    """Judge requests for one event in order of arrival and book what can be booked.

    At most eight statements whatever the size of the batch, and one for each scribe of what is told
    (`evently.facts`). One request that the database refuses does not fail its neighbours: then each
    is booked by itself.

    Args:
        now: aware UTC instant, read once at the edge.

    Returns:
        For each request, in the same order, its booking or the exception to raise.

    Side effects:
        Takes and releases the Redis locks. Opens the transaction. Locks the event row. Publishes
        EventStateChanged once and BookingConfirmed for each booking.
    """
    return _book([(event_id, request) for request in requests], now, _book_admitted)


def book_mixed_batch(*, wishes: Sequence[Wish], now: datetime) -> list[Outcome]:
    """As `book_batch`, for many events in one transaction, and never waiting for a row.

    Returns:
        For each wish its booking, the exception to raise, or `EventHeld`.
    """
    return _book(wishes, now, _book_what_is_free)


def _book(
    wishes: Sequence[Wish], now: datetime, judge: Callable[[list[Wish], datetime], list[Outcome]]
) -> list[Outcome]:
    claims = [(request.user_id, event_id) for event_id, request in wishes]
    with BATCH_SECONDS.time(), hold_booking_locks(claims) as held:
        admitted = [wish for wish, ok in zip(wishes, held, strict=True) if ok]
        judged = iter(judge(admitted, now) if admitted else ())
    late = iter(_answer_late([wish for wish, ok in zip(wishes, held, strict=True) if not ok]))
    outcomes = [next(judged if ok else late) for ok in held]
    _count(outcomes)
    return outcomes


def _answer_late(wishes: list[Wish]) -> list[Outcome]:
    """What those get whose earlier request has the lock: its answer, if it has been given."""
    try:
        memory = recall((request.user_id, request.idempotency_key) for _, request in wishes)
    except Error as error:
        # Others of the batch have been booked: they must hear of it.
        return [error] * len(wishes)
    return [
        memory.find(request.user_id, request.idempotency_key, event_id, request.quantity)
        or BookingInProgress()
        for event_id, request in wishes
    ]


def _book_admitted(wishes: list[Wish], now: datetime) -> list[Outcome]:
    """Wishes for one event, whose row is waited for."""
    [event_id] = {event_id for event_id, _ in wishes}
    try:
        return _book_together(wishes, now, lambda: [lock_event(event_id)])
    except Refusal as refusal:
        return [refusal] * len(wishes)
    except IntegrityError as error:
        if len(wishes) == 1:
            return [_explain(error)]
        return [outcome for wish in wishes for outcome in _book_admitted([wish], now)]


def _book_what_is_free(wishes: list[Wish], now: datetime) -> list[Outcome]:
    event_ids = {event_id for event_id, _ in wishes}
    try:
        return _book_together(wishes, now, lambda: lock_free_events(event_ids))
    except (Busy, IntegrityError):
        # Whoever is to blame, the others shall not suffer for it: each event by itself.
        return [EventHeld()] * len(wishes)


def _book_together(
    wishes: list[Wish], now: datetime, lock: Callable[[], list[Event]]
) -> list[Outcome]:
    with unit_of_work():
        events = lock()
        holders = list_holders(
            [event.pk for event in events], [request.user_id for _, request in wishes]
        )
        memory = recall((request.user_id, request.idempotency_key) for _, request in wishes)
        judges = {
            event.pk: _Judge(
                event=event, now=now, free=event.available_seats, holders=holders, memory=memory
            )
            for event in events
        }
        outcomes = [
            judges[event_id].decide(request) if event_id in judges else EventHeld()
            for event_id, request in wishes
        ]
        _write([judge for judge in judges.values() if judge.bookings], memory, now)
    # Only what is new: a repeated request's first answer was counted when it was given.
    sold = [booking for judge in judges.values() for booking in judge.bookings]
    BOOKINGS.inc(len(sold))
    SEATS_BOOKED.inc(sum(booking.quantity for booking in sold))
    return outcomes


def _write(judges: list["_Judge"], memory: Memory, now: datetime) -> None:
    """Write what was decided and tell of it."""
    take_seats_together([judge.taking for judge in judges])
    Booking.objects.bulk_create([booking for judge in judges for booking in judge.bookings])
    memory.write(now)
    for judge in judges:
        for booking, request in zip(judge.bookings, judge.accepted, strict=True):
            request.do(publish, _confirmed(booking))


def _confirmed(booking: Booking) -> BookingConfirmed:
    return BookingConfirmed(booking.pk, booking.event_id, booking.user_id, booking.quantity)


@dataclass(slots=True, kw_only=True)
class _Judge:
    """Decides requests one after the other on what the locked row said, and keeps the tally."""

    event: Event
    now: datetime
    free: int
    holders: set[tuple[UUID, UUID]]
    memory: Memory
    bookings: list[Booking] = field(default_factory=list)
    accepted: list[BookingRequest] = field(default_factory=list)

    @property
    def taking(self) -> Taking:
        seats = sum(booking.quantity for booking in self.bookings)
        return Taking(event=self.event, seats=seats, changes=len(self.bookings))

    def decide(self, request: BookingRequest) -> Outcome:
        asked = (request.user_id, request.idempotency_key, self.event.pk, request.quantity)
        known = self.memory.find(*asked)
        if known:
            return known
        outcome: Outcome
        if self._refuse(request):
            # Once more, now in the person's own language.
            outcome = cast(Refusal, request.say(self._refuse, request))
        else:
            outcome = self._accept(request)
        self.memory.keep(*asked, outcome)
        return outcome

    def _refuse(self, request: BookingRequest) -> Refusal | None:
        event = self.event
        if obstacle := find_obstacle(event, quantity=request.quantity, now=self.now):
            return obstacle
        if (event.pk, request.user_id) in self.holders and not event.repeat_bookings_allowed:
            return AlreadyBooked()
        if request.quantity > self.free:
            return SoldOut.short_of(wanted=request.quantity, available=self.free, event_id=event.pk)
        return None

    def _accept(self, request: BookingRequest) -> Booking:
        booking = Booking(
            event=self.event,
            user_id=request.user_id,
            quantity=request.quantity,
            unit_price=self.event.price,
            currency=self.event.currency,
            only_one_per_person=not self.event.repeat_bookings_allowed,
            created_at=self.now,
        )
        self.free -= request.quantity
        self.holders.add((self.event.pk, request.user_id))
        self.bookings.append(booking)
        self.accepted.append(request)
        return booking


def _explain(error: IntegrityError) -> Exception:
    """What the database's refusal of a single request means to its sender."""
    cause = error.__cause__
    constraint = cause.diag.constraint_name if isinstance(cause, UniqueViolation) else None
    if constraint == "one_live_booking_per_event_and_person":
        return AlreadyBooked()
    if constraint == "one_kept_answer_per_person_and_key":
        return BookingInProgress()
    return error


def _count(outcomes: list[Outcome]) -> None:
    BATCH_SIZE.observe(len(outcomes))
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, EventHeld):
            REFUSALS.labels(code=getattr(outcome, "code", "error")).inc()
