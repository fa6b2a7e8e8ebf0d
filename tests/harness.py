"""Races on purpose: threads that start together, and walls that can be taken out one by one.

Three walls keep a seat from being sold twice: the lock in Redis, the lock on the event's row, and
the version-checked update; the table's constraints stand behind them. A test takes walls out with
the helpers here and forces the interleaving that those left standing must survive.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import F
from django.utils.module_loading import import_string

from bookings.locks import Claim
from bookings.models import Booking
from bookings.queries import count_confirmed_seats
from events.models import Event

PATIENCE_SECONDS = 10.0
# Where each use case has decided on what it read, and goes on to write.
DECIDED = (
    "bookings.services.booking._write",
    "bookings.services.cancelling._cancel",
    "bookings.services.payments._note",
    "events.services.editing._apply",
    "waitlist.services.joining._stand_in_line",
    "waitlist.services.offers._accept",
    "waitlist.services.offers._decline",
    "waitlist.services.offers._lapse",
    "waitlist.services.organising._withdraw",
)
LOCKING = (
    "bookings.services.booking.lock_event",
    "bookings.services.cancelling.lock_event",
    "bookings.services.payments.lock_event",
    "events.services.editing.lock_event",
    "waitlist.locks.lock_event",
    "waitlist.services.offers.lock_event",
    "waitlist.services.sweeping.lock_event",
)

# What a call came to: its answer, or what it raised.
Outcome = Any


def at_once(*calls: Callable[[], Any]) -> list[Outcome]:
    """Run each call in a thread with a database connection of its own, all started together.

    Returns the calls' answers, or the exceptions that they raised, in the order of the calls.
    """
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Outcome:
        try:
            start.wait(PATIENCE_SECONDS)
            return call()
        except Exception as error:  # noqa: BLE001 - an exception is an outcome here
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    """The outcomes' class names, sorted: who came first does not matter."""
    return sorted(type(outcome).__name__ for outcome in outcomes)


# --- What the rows say --------------------------------------------------------------------------


def claimed_seats(event: Event) -> int:
    """Confirmed seats, counted from the bookings alone."""
    return count_confirmed_seats([event.pk]).get(event.pk, {}).get("confirmed", 0)


def live_bookings(event: Event) -> int:
    return Booking.objects.live().filter(event=event).count()


def is_sound(event: Event) -> bool:
    """Whether the inventory equation holds and the counter lies within its bounds."""
    row = Event.objects.get(pk=event.pk)
    adds_up = row.capacity == row.available_seats + claimed_seats(event)
    return adds_up and 0 <= row.available_seats <= row.capacity


# --- Interleavings ------------------------------------------------------------------------------


def let_both_decide_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls wait for each other after deciding, each on a row the other will change."""
    pause_before_writing(monkeypatch, threading.Barrier(2).wait)


def let_one_wait_for_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever decides first writes only when the other one is seen to wait for a lock."""
    first = threading.Lock()

    def pause(_patience: float) -> None:
        if first.acquire(blocking=False):
            _wait_until_somebody_is_blocked()

    pause_before_writing(monkeypatch, pause)


def pause_before_writing(monkeypatch: pytest.MonkeyPatch, pause: Callable[[float], object]) -> None:
    """Call `pause`, given our patience in seconds, between a use case's decision and writing."""
    for name in DECIDED:
        _insert_before(monkeypatch, name, pause)


def _insert_before(
    monkeypatch: pytest.MonkeyPatch, name: str, pause: Callable[[float], object]
) -> None:
    write = import_string(name)

    def pause_and_write(*args: Any, **kwargs: Any) -> Any:
        pause(PATIENCE_SECONDS)
        return write(*args, **kwargs)

    monkeypatch.setattr(name, pause_and_write)


def _wait_until_somebody_is_blocked() -> None:
    """Asked over a connection of its own: the caller's is busy with its transaction."""
    tick = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        for _ in range(int(PATIENCE_SECONDS / 0.02)):
            if pool.submit(_is_somebody_blocked).result():
                return
            tick.wait(0.02)
    raise AssertionError("Nobody came to wait for the lock")


def _is_somebody_blocked() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return bool(cursor.fetchone()[0])
    finally:
        connections.close_all()


# --- Walls --------------------------------------------------------------------------------------


def without_redis_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is let through the first wall."""

    @contextmanager
    def let_through(claims: Sequence[Claim]) -> Iterator[list[bool]]:
        yield [True] * len(claims)

    monkeypatch.setattr("bookings.services.booking.hold_booking_locks", let_through)


def without_row_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event is read and not locked."""
    for name in LOCKING:
        monkeypatch.setattr(name, lambda event_id: Event.objects.get(pk=event_id))


def without_version_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is moved from where it stands, whatever its version."""

    def move(event: Event, *, seats: int, changes: int, grown: int = 0) -> None:
        _write(event, available_seats=F("available_seats") + seats, capacity=F("capacity") + grown)

    monkeypatch.setattr("events.inventory._move", move)
    monkeypatch.setattr("events.services.editing._write_details", _write_details)


def writing_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check, then write: the counter is set to what follows from the row as it was read."""

    def move(event: Event, *, seats: int, changes: int, grown: int = 0) -> None:
        resized = {"capacity": event.capacity + grown} if grown else {}
        _write(event, available_seats=event.available_seats + seats, **resized)

    monkeypatch.setattr("events.inventory._move", move)
    monkeypatch.setattr("events.services.editing._write_details", _write_details)


def _write_details(event: Event, names: list[str]) -> None:
    values = {name: getattr(event, name) for name in names}
    _write(event, edited_version=F("version") + 1, **values)


def _write(event: Event, **values: Any) -> None:
    Event.objects.filter(pk=event.pk).update(version=F("version") + 1, **values)


CHECKS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'c' AND conrelid = 'events_event'::regclass
    AND pg_get_constraintdef(oid) LIKE '%available_seats%'
"""
ONE_LIVE_BOOKING = "one_live_booking_per_event_and_person"


@contextmanager
def without_constraints() -> Iterator[None]:
    """Take the tables' own rules about seats away; afterwards all rows go and the rules return."""
    with connection.cursor() as cursor:
        cursor.execute(CHECKS)
        checks = cursor.fetchall()
        assert len(checks) >= 3
        cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [ONE_LIVE_BOOKING])
        [index] = cursor.fetchone()
        for table, name, _ in checks:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        cursor.execute(f"DROP INDEX {ONE_LIVE_BOOKING}")
        try:
            yield
        finally:
            cursor.execute("TRUNCATE events_event CASCADE")
            for table, name, definition in checks:
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
            cursor.execute(index)
