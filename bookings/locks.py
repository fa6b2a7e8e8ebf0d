"""Locks of bookings. The first of the three layers is one in Redis for each person and event.

It saves the database from the second click of a double click. It is never what keeps a seat from
being sold twice: without Redis booking goes on, and a counter says so. The second layer is the
event's row lock (`events.locks`), the third the version-checked update (`events.inventory`).

A lock is a lease of two seconds that names its process, which renews it while it needs it. So the
locks of a process that died are void two seconds later, and so is what Redis still has on its disk
when it comes back: nobody renews it.
"""

import logging
import os
import secrets
import socket
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db.models import QuerySet
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from bookings.metrics import LOCKS_SKIPPED
from bookings.models import Booking
from evently.breaker import Breaker
from events.models import Event

logger = logging.getLogger(__name__)
LEASE_MS = 2_000
# Three renewals may fail before the lease ends.
RENEW_EVERY_SECONDS = 0.5

# A person and an event.
Claim = tuple[UUID, UUID]

# Redis that hangs costs a booking its time-out; then it is left alone for a moment.
redis_breaker = Breaker(pause=1.0)

# KEYS: the locks. ARGV: the owner's token, milliseconds of the lease.
ACQUIRE = """
local held = {}
for i, key in ipairs(KEYS) do
    held[i] = redis.call('SET', key, ARGV[1], 'PX', ARGV[2], 'NX') and 1 or 0
end
return held
"""
# Another owner's token says that the lease ended meanwhile: the lock belongs to somebody else.
RENEW = """
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then
        redis.call('PEXPIRE', key, ARGV[2])
    end
end
"""
RELEASE = """
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then
        redis.call('DEL', key)
    end
end
"""


@contextmanager
def hold_booking_locks(claims: Sequence[Claim]) -> Iterator[list[bool]]:
    """Hold the locks of these people, each for one event, while the block runs.

    However long it runs, they are held; when the process dies they end within `LEASE_MS`.

    Yields, in the order of `claims`, whether each lock is held; False means that an earlier
    request of the same person is under way. All are True when Redis cannot be reached.
    """
    keys = [f"booking_lock:{user_id}:{event_id}" for user_id, event_id in claims]
    token = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(16)}"
    held = _acquire(keys, token) if keys else []
    if held is None:
        LOCKS_SKIPPED.inc(len(keys))
        yield [True] * len(keys)
        return
    ours = [key for key, ok in zip(keys, held, strict=True) if ok]
    _leases.add(token, ours)
    try:
        yield held
    finally:
        _leases.remove(token)
        _release(ours, token)


def lock_refunds_due(booking_ids: Collection[UUID], events: QuerySet[Event]) -> list[Booking]:
    """Those of the bookings with a refund due, of these events: locked in the order of their ids.

    Their events are at hand, unlocked.
    """
    due = Booking.objects.filter(
        pk__in=booking_ids, event__in=events, refund=Booking.Refund.DUE
    ).select_related("event")
    return list(due.select_for_update(of=("self",)).order_by("pk"))


def _acquire(keys: list[str], token: str) -> list[bool] | None:
    """Whether each lock is ours; None when Redis cannot be reached."""
    if redis_breaker.is_open:
        return None
    try:
        return [
            bool(ok)
            for ok in get_redis_connection().eval(ACQUIRE, len(keys), *keys, token, LEASE_MS)
        ]
    except RedisError as error:
        redis_breaker.trip()
        logger.warning("Booking without Redis locks: %s", error)
        return None


def _release(keys: list[str], token: str) -> None:
    try:
        get_redis_connection().eval(RELEASE, len(keys), *keys, token)
    except RedisError as error:
        redis_breaker.trip()
        logger.warning("%d booking locks stay until their lease ends: %s", len(keys), error)


class _Leases:
    """The locks that this process holds. A thread of its own renews those that are held for long;
    most are given back sooner, and cost nothing but their place here."""

    def __init__(self) -> None:
        self._held: dict[str, list[str]] = {}
        self._is_needed = threading.Event()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, token: str, keys: list[str]) -> None:
        self._held[token] = keys
        if not self._is_needed.is_set():
            self._is_needed.set()
        if not self._is_alive():
            self._start()

    def remove(self, token: str) -> None:
        del self._held[token]

    def _is_alive(self) -> bool:
        """Not before the first lock, nor in a child of a process that had one."""
        return self._thread is not None and self._thread.is_alive()

    def _start(self) -> None:
        with self._turn:
            if not self._is_alive():
                self._thread = threading.Thread(
                    target=self._renew_for_ever, name="booking-leases", daemon=True
                )
                self._thread.start()

    def _renew_for_ever(self) -> None:
        pause, before = threading.Event(), set[str]()
        while self._is_needed.wait():
            self._is_needed.clear()
            while self._held:
                pause.wait(RENEW_EVERY_SECONDS)
                held = dict(self._held)
                self._renew({token: held[token] for token in before & held.keys()})
                before = set(held)

    def _renew(self, held: dict[str, list[str]]) -> None:
        for token, keys in held.items():
            try:
                get_redis_connection().eval(RENEW, len(keys), *keys, token, LEASE_MS)
            except RedisError as error:
                redis_breaker.trip()
                logger.warning("%d booking locks were not renewed: %s", len(keys), error)


_leases = _Leases()
