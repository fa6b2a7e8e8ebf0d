"""Says which kept answers are out of date: tags in one line on one channel of Redis.

An answer is kept under tags, say those of the events that it shows; a purge names tags.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from django_redis import get_redis_connection
from redis.exceptions import RedisError

from evently.breaker import Breaker

logger = logging.getLogger(__name__)

CHANNEL = "evently:purge"
# How things stand now: an answer that has slots for it (`evently.gateway.edge.slots`) is corrected,
# any other one that shows it is out of date.
NEWS_CHANNEL = "evently:news"
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


class News(NamedTuple):
    """How something stands; a higher version is newer. The state is a line of text."""

    version: int
    state: bytes


def pack_news(told: Mapping[str, News]) -> bytes:
    """One message for news by tag."""
    return b"\n".join(
        b"%s %d %s" % (tag.encode(), news.version, news.state) for tag, news in told.items()
    )


def unpack_news(payload: bytes) -> dict[str, News]:
    """The news of a message, by tag."""
    lines = (line.split(b" ", 2) for line in payload.split(b"\n"))
    return {tag.decode(): News(int(version), state) for tag, version, state in lines}


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
