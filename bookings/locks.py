"""Locks of bookings. The first of the three layers is one in Redis for each person and event.

It saves the database from the second click of a double click. It is never what keeps a seat from
being sold twice: without Redis booking goes on, and a counter says so. The second layer is the
event's row lock (`events.locks`), the third the version-checked update (`events.inventory`).
"""

import logging
import secrets
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
TTL_MS = 30_000

# A person and an event.
Claim = tuple[UUID, UUID]

# Redis that hangs costs a booking its time-out; then it is left alone for a moment.
redis_breaker = Breaker(pause=1.0)

# KEYS: the locks. ARGV: the owner's token, milliseconds until they lapse.
ACQUIRE = """
local held = {}
for i, key in ipairs(KEYS) do
    held[i] = redis.call('SET', key, ARGV[1], 'PX', ARGV[2], 'NX') and 1 or 0
end
return held
"""
# Whoever finds another owner's token came too late: the lock lapsed and belongs to somebody else.
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

    Yields, in the order of `claims`, whether each lock is held; False means that an earlier
    request of the same person is under way. All are True when Redis cannot be reached.
    """
    keys = [f"booking_lock:{user_id}:{event_id}" for user_id, event_id in claims]
    token = secrets.token_hex(16)
    held = _acquire(keys, token) if keys else []
    if held is None:
        LOCKS_SKIPPED.inc(len(keys))
        yield [True] * len(keys)
        return
    try:
        yield held
    finally:
        _release([key for key, ok in zip(keys, held, strict=True) if ok], token)


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
            bool(ok) for ok in get_redis_connection().eval(ACQUIRE, len(keys), *keys, token, TTL_MS)
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
        logger.warning("%d booking locks stay until they lapse: %s", len(keys), error)
