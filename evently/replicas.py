"""Reads that may be a little old go to a replica, if there is one and it keeps up.

Everything reads from the primary unless it says otherwise, and decisions on a sale never do:

    with tolerant_reads(by=user):
        days = list_days(...)

Somebody who has just changed something reads from the primary for a while, to find their own
change there, and so does everybody while the replica is too far behind or gone.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import Error, connections
from django.http import HttpRequest, HttpResponse

from evently.breaker import Breaker

logger = logging.getLogger(__name__)

REPLICA = "replica"
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
LOOK_EVERY_SECONDS = 1.0
LEAVE_ALONE_SECONDS = 5.0
# Seconds by which the replica is behind. A line that is cut has nothing to replay and knows no lag:
# then it is as if it were infinitely far behind. (PostgreSQL, "Hot Standby", monitoring functions.)
LAG = """
    SELECT CASE
        WHEN NOT pg_is_in_recovery() THEN 0
        WHEN NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')
            THEN 'infinity'::float8
        WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
        ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
    END
"""

_is_tolerant: ContextVar[bool] = ContextVar("tolerant_reads", default=False)


@contextmanager
def tolerant_reads(*, by: UUID | None) -> Iterator[None]:
    """Let the queries inside go to a replica, unless the person has just written something.

    Querysets are evaluated inside; whatever locks or decides stays outside.
    """
    is_fine = REPLICA in connections.settings and not (by and cache.get(_mark(by)))
    before = _is_tolerant.set(is_fine)
    try:
        yield
    finally:
        _is_tolerant.reset(before)


class ReplicaRouter:
    """Django's way to ask which database a query goes to."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return REPLICA if _is_tolerant.get() and replica_watch.keeps_up() else None

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "default"


def note_writers(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: whoever changed something reads their own change afterwards."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.method not in SAFE and REPLICA in connections.settings:
            user = request.user
            if user.pk:
                cache.set(_mark(user.pk), True, settings.REPLICA_PIN_SECONDS)
        return response

    return middleware


def _mark(user_id: UUID) -> str:
    return f"wrote:{user_id}"


class ReplicaWatch:
    """How far the replica is behind, looked up once a second."""

    def __init__(self) -> None:
        self.lag_seconds = float("inf")
        self._looked_at = float("-inf")
        self._breaker = Breaker(pause=LEAVE_ALONE_SECONDS)

    def keeps_up(self) -> bool:
        if self._breaker.is_open:
            return False
        if time.monotonic() - self._looked_at > LOOK_EVERY_SECONDS:
            self._look()
        return self.lag_seconds <= settings.REPLICA_LAG_SECONDS

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        try:
            with connections[REPLICA].cursor() as cursor:
                cursor.execute(LAG)
                self.lag_seconds = float(cursor.fetchone()[0])
        except Error as error:
            self.lag_seconds = float("inf")
            self._breaker.trip()
            logger.warning("The replica is out, the primary answers its readers: %s", error)


replica_watch = ReplicaWatch()
