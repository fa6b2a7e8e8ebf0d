"""What the caches have in common: their figures, and the two that Django reaches.

L1, whole public answers in each server process, is `evently.gateway.edge`. L2, which events a list
shows, lies in Redis. L3, results of queries that take long, lies in the database.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django_redis.exceptions import ConnectionInterrupted
from prometheus_client import Counter, Gauge
from redis.exceptions import RedisError

from evently.breaker import Breaker
from evently.purging import EVERYTHING, purge

logger = logging.getLogger(__name__)

REQUESTS = Counter(
    "evently_cache_requests", "What a cache was asked for, by what came of it", ["layer", "outcome"]
)
PURGES = Counter("evently_cache_purges", "Messages that something is out of date", ["layer"])
BYTES = Gauge("evently_cache_bytes", "What the edge cache of this process holds")

LISTS, RESULTS = "lists", "results"
GENERATION = "generation"
LIST_SECONDS = 300
RESULT_SECONDS = 86_400

Found = TypeVar("Found")


class Lists:
    """L2: lists of ids, all of them out of date as soon as the generation is another one.

    A list is believed only with the generation that was current before it was read from the
    database: whatever changes meanwhile begins a new one.
    """

    def __init__(self) -> None:
        self._breaker = Breaker(pause=1.0)
        # A change that Redis was not told of, because it was out.
        self._owes_a_generation = False

    def find(self, key: str) -> tuple[str | None, list[Any] | None]:
        """The current generation and the list, each None when there is none, or Redis is out."""
        if self._owes_a_generation:
            self.forget()
        found = self._try(lambda: caches[LISTS].get_many([GENERATION, key])) or {}
        generation, kept = found.get(GENERATION), found.get(key)
        if generation is None:
            return self._first_generation(), None
        is_current = kept is not None and kept[0] == generation
        return generation, kept[1] if kept and is_current else None

    def keep(self, key: str, generation: str | None, ids: list[Any]) -> None:
        """Keep a list that was read from the database after `find` told this generation."""
        if generation is not None:
            self._try(lambda: caches[LISTS].set(key, (generation, ids), LIST_SECONDS))

    def forget(self) -> None:
        """Begin a new generation: no list of before is believed any more."""
        PURGES.labels("l2").inc()
        self._owes_a_generation = self._try(self._begin_generation) is None

    def _begin_generation(self) -> str:
        generation = uuid4().hex
        caches[LISTS].set(GENERATION, generation, timeout=None)
        return generation

    def _first_generation(self) -> str | None:
        made = uuid4().hex
        added = self._try(lambda: caches[LISTS].add(GENERATION, made, timeout=None))
        return made if added else None

    def _try(self, step: Callable[[], Found]) -> Found | None:
        """None while Redis is out; one that hangs costs its time-out once, not each time."""
        if self._breaker.is_open:
            return None
        try:
            return step()
        except (ConnectionInterrupted, RedisError) as error:
            self._breaker.trip()
            logger.warning("Redis is out, lists come from the database alone: %s", error)
            return None


lists = Lists()


def find_result(key: str, make: Callable[[], Found]) -> Found:
    """L3: what was made under this key within `RESULT_SECONDS`, else made now and kept."""
    found: Found | None = caches[RESULTS].get(key)
    REQUESTS.labels("l3", "miss" if found is None else "hit").inc()
    if found is None:
        found = make()
        caches[RESULTS].set(key, found, RESULT_SECONDS)
    return found


@dataclass(frozen=True, slots=True)
class Layer:
    """A cache as its operator sees it; `stats` and `flush` tell in words what there is or was."""

    is_on: Callable[[], bool]
    stats: Callable[[], str]
    flush: Callable[[], str]


def _flush_edge() -> str:
    return f"{purge([EVERYTHING])} server processes told"


def _edge_stats() -> str:
    return f"up to {settings.EDGE_CACHE_MB} MB in each server process; its figures are in /metrics"


def _flush_lists() -> str:
    if not settings.L2_CACHE:
        return "off"
    # The generation goes with them, so nothing that is being read now is believed later.
    return f"{_redis_lists().delete_pattern('*')} keys deleted"


def _list_stats() -> str:
    return f"{len(list(_redis_lists().iter_keys('*')))} keys"


def _redis_lists() -> Any:
    """L2 with what only the one in Redis can do."""
    return caches[LISTS]


def _flush_results() -> str:
    caches[RESULTS].clear()
    return "emptied"


def _result_stats() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), coalesce(sum(length(value)), 0) FROM evently_results")
        results, size = cursor.fetchone()
    return f"{results} results, {size} bytes"


LAYERS = {
    "l1": Layer(lambda: settings.EDGE_CACHE, _edge_stats, _flush_edge),
    "l2": Layer(lambda: settings.L2_CACHE, _list_stats, _flush_lists),
    "l3": Layer(lambda: settings.L3_CACHE, _result_stats, _flush_results),
}
