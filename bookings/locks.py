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
from events.models import Event

logger = logging.getLogger(__name__)
TTL_MS = 30_000

# Whoever finds another owner's token came too late: the lock lapsed and belongs to somebody else.
RELEASE = """
if redis.call("get", KEYS[1]) == ARGV[1] then
    return redis.call("del", KEYS[1])
end
return 0
"""


@contextmanager
def hold_booking_locks(event_id: UUID, user_ids: Sequence[UUID]) -> Iterator[list[bool]]:
    """Hold the locks of these people for one event while the block runs.

    Yields, in the order of `user_ids`, whether each lock is held; False means that an earlier
    request of the same person is under way. All are True when Redis cannot be reached.
    """
    keys = [f"booking_lock:{user_id}:{event_id}" for user_id in user_ids]
    token = secrets.token_hex(16)
    held = _acquire(keys, token)
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
    try:
        pipeline = get_redis_connection().pipeline(transaction=False)
        for key in keys:
            pipeline.set(key, token, px=TTL_MS, nx=True)
        return [bool(answer) for answer in pipeline.execute()]
    except RedisError as error:
        logger.warning("Booking without Redis locks: %s", error)
        return None


def _release(keys: list[str], token: str) -> None:
    try:
        pipeline = get_redis_connection().pipeline(transaction=False)
        for key in keys:
            pipeline.eval(RELEASE, 1, key, token)
        pipeline.execute()
    except RedisError as error:
        logger.warning("%d booking locks stay until they lapse: %s", len(keys), error)
