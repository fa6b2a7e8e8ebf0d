"""Says which kept answers are out of date: tags in one line on one channel of Redis.

An answer is kept under tags, say those of the events that it shows; a purge names tags.
"""

import logging
from collections.abc import Iterable
from uuid import UUID

from django_redis import get_redis_connection
from redis.exceptions import RedisError

from evently.breaker import Breaker

logger = logging.getLogger(__name__)

CHANNEL = "evently:purge"
# Whatever lists events: which ones there are, and in which order.
EVENTS = "events"
# Every answer carries it, so a purge of it empties the cache.
EVERYTHING = "everything"

_breaker = Breaker(pause=1.0)


def tag_of_event(event_id: UUID) -> str:
    """The tag of answers that show this event."""
    return f"event:{event_id.hex}"


def pack(tags: Iterable[str]) -> bytes:
    """One message for all these tags."""
    return " ".join(sorted(set(tags))).encode()


def unpack(payload: bytes) -> frozenset[str]:
    """The tags of a message."""
    return frozenset(payload.decode().split())


def purge(tags: Iterable[str]) -> int:
    """Tell all server processes; returns how many heard of it, none while Redis is out.

    Nothing is lost then: a process that cannot hear keeps answers for a second only, and forgets
    them all when it hears again.
    """
    if _breaker.is_open:
        return 0
    try:
        return int(get_redis_connection().publish(CHANNEL, pack(tags)))
    except RedisError as error:
        _breaker.trip()
        logger.warning("Redis is out, nobody is told what changed: %s", error)
        return 0
