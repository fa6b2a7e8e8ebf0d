"""Until when the work of a thread may wait for the database.

PostgreSQL can stop without closing its connections: then no time-out of its own ends a statement,
and a thread would wait for ever. Connections of ours (`evently.postgres`) wait until the deadline
of the thread and no longer. Threads without a deadline, such as those of jobs, wait as before.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from psycopg import OperationalError

# Within ten seconds every request has its answer. The database is waited for a little less long, so
# that there is time to say in the ordinary way that it is out; the gateway waits a little longer.
DATABASE_SECONDS = 7.5
ANSWER_SECONDS = 9.0


class OutOfTime(OperationalError):
    """The database did not answer before the deadline.

    What was sent last is undone, unless it was a COMMIT: it may be done later. That is the outcome
    of every commit whose answer is lost, and whoever repeats a booking with its Idempotency-Key
    gets to know what became of it.
    """


class _Deadline(threading.local):
    """Of the running thread, by the clock of `time.monotonic`; None: there is none."""

    at: float | None = None


_deadline = _Deadline()


@contextmanager
def deadline(at: float) -> Iterator[None]:
    """Let this thread wait for the database until that instant of `time.monotonic`.

    An earlier deadline that holds already goes on to hold.
    """
    before = _deadline.at
    _deadline.at = at if before is None else min(at, before)
    try:
        yield
    finally:
        _deadline.at = before


@contextmanager
def database_seconds(seconds: float = DATABASE_SECONDS) -> Iterator[None]:
    """Let this thread wait for the database for so long from now."""
    with deadline(monotonic() + seconds):
        yield


def seconds_left() -> float | None:
    """Until this thread's deadline, 0 after it; None without one."""
    return None if _deadline.at is None else max(0.0, _deadline.at - monotonic())
