"""Booking seats: a batch of requests for one event in one transaction.

Three layers keep a seat from being sold twice, each proven alone in `tests/bookings/`: a lock in
Redis for each person and event, the lock on the event's row, and the version-checked update of its
counter. The table's constraints stand behind them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from psycopg.errors import UniqueViolation

from bookings.errors import AlreadyBooked, BookingInProgress, SoldOut
from bookings.facts import BookingConfirmed
from bookings.locks import hold_booking_locks
from bookings.metrics import BATCH_SECONDS, BATCH_SIZE, BOOKINGS, REFUSALS, SEATS_BOOKED
from bookings.models import Booking
from bookings.queries import list_holders
from bookings.services.retries import Memory, recall
from evently.errors import Invalid, Refusal
from evently.facts import publish
from evently.transactions import unit_of_work
from events.errors import EventClosed, EventNotFound
from events.inventory import take_seats
from events.locks import lock_event
from events.models import Event

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRequest:
    """One person's wish for seats. The key, if any, makes a repeated request return the first
    answer."""

    user_id: UUID
    quantity: int
    idempotency_key: str | None = None


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

    At most eight statements whatever the size of the batch. One request that the database refuses
    does not fail its neighbours: then each is booked by itself.

    Args:
        now: aware UTC instant, read once at the edge.

    Returns:
        For each request, in the same order, its booking or the exception to raise.

    Side effects:
        Takes and releases the Redis locks. Opens the transaction. Locks the event row. Publishes
        EventStateChanged once and BookingConfirmed for each booking.
    """
    with (
        BATCH_SECONDS.time(),
        hold_booking_locks(event_id, [request.user_id for request in requests]) as held,
    ):
        admitted = [request for request, ok in zip(requests, held, strict=True) if ok]
        judged = iter(_book_admitted(event_id, admitted, now))
        outcomes = [next(judged) if ok else BookingInProgress() for ok in held]
    _count(outcomes)
    return outcomes


def _book_admitted(event_id: UUID, requests: list[BookingRequest], now: datetime) -> list[Outcome]:
    if not requests:
        return []
    try:
        return _book_together(event_id, requests, now)
    except Refusal as refusal:
        return [refusal] * len(requests)
    except IntegrityError as error:
        if len(requests) == 1:
            return [_explain(error)]
        return [
            outcome for request in requests for outcome in _book_admitted(event_id, [request], now)
        ]


def _book_together(event_id: UUID, requests: list[BookingRequest], now: datetime) -> list[Outcome]:
    with unit_of_work():
        event = lock_event(event_id)
        judge = _Judge(
            event=event,
            now=now,
            free=event.available_seats,
            holders=list_holders(event_id, [request.user_id for request in requests]),
            memory=recall((request.user_id, request.idempotency_key) for request in requests),
        )
        outcomes = [judge.decide(request) for request in requests]
        _write(event, judge)
    # Only what is new: a repeated request's first answer was counted when it was given.
    BOOKINGS.inc(len(judge.bookings))
    SEATS_BOOKED.inc(sum(booking.quantity for booking in judge.bookings))
    return outcomes


def _write(event: Event, judge: "_Judge") -> None:
    bookings = judge.bookings
    if bookings:
        seats = sum(booking.quantity for booking in bookings)
        take_seats(event, seats=seats, changes=len(bookings))
        Booking.objects.bulk_create(bookings)
    judge.memory.write(judge.now)
    for booking in bookings:
        publish(BookingConfirmed(booking.pk, event.pk, booking.user_id, booking.quantity))


@dataclass(slots=True, kw_only=True)
class _Judge:
    """Decides requests one after the other on what the locked row said, and keeps the tally."""

    event: Event
    now: datetime
    free: int
    holders: set[UUID]
    memory: Memory
    bookings: list[Booking] = field(default_factory=list)

    def decide(self, request: BookingRequest) -> Outcome:
        asked = (request.user_id, request.idempotency_key, self.event.pk, request.quantity)
        known = self.memory.find(*asked)
        if known:
            return known
        outcome: Outcome = self._refuse(request) or self._accept(request)
        self.memory.keep(*asked, outcome)
        return outcome

    def _refuse(self, request: BookingRequest) -> Refusal | None:
        event = self.event
        if event.status == Event.Status.DRAFT:
            return EventNotFound()
        if not event.is_bookable(self.now):
            return _closed(event, self.now)
        if not 1 <= request.quantity <= event.max_per_booking:
            return Invalid(quantity=_choose(event))
        if request.user_id in self.holders and not event.repeat_bookings_allowed:
            return AlreadyBooked()
        if request.quantity > self.free:
            return SoldOut.short_of(wanted=request.quantity, available=self.free)
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
        self.holders.add(request.user_id)
        self.bookings.append(booking)
        return booking


def _choose(event: Event) -> str:
    return _("Choose between 1 and %(most)s seats.") % {"most": event.max_per_booking}


def _closed(event: Event, now: datetime) -> EventClosed:
    """Why nobody can book an event that `is_bookable` says no to."""
    if event.status == Event.Status.CANCELLED:
        return EventClosed(_("This event was cancelled."))
    if event.status == Event.Status.COMPLETED or event.ends_at <= now:
        return EventClosed(_("This event is over."))
    if event.sales_start_at and event.sales_start_at > now:
        begins = _("The sale begins on %(moment)s (%(zone)s).") % _told(event.sales_start_at, event)
        return EventClosed(begins, sales_start_at=_iso(event.sales_start_at))
    ended = _("The sale ended on %(moment)s (%(zone)s).") % _told(event.sale_ends_at, event)
    return EventClosed(ended, sales_end_at=_iso(event.sale_ends_at))


def _told(instant: datetime, event: Event) -> dict[str, str]:
    """The instant on the event's own clocks, in the reader's language."""
    local = instant.astimezone(ZoneInfo(event.timezone))
    return {"moment": date_format(local, "DATETIME_FORMAT"), "zone": event.timezone}


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _explain(error: IntegrityError) -> Exception:
    """What the database's refusal of a single request means to its sender."""
    cause = error.__cause__
    constraint = cause.diag.constraint_name if isinstance(cause, UniqueViolation) else None
    if constraint == "one_live_booking_per_event_and_person":
        return AlreadyBooked()
    if constraint == "one_answer_per_person_and_key":
        return BookingInProgress()
    return error


def _count(outcomes: list[Outcome]) -> None:
    BATCH_SIZE.observe(len(outcomes))
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            REFUSALS.labels(code=getattr(outcome, "code", "error")).inc()
