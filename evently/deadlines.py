"""Until when the work of a thread may wait for the database.

PostgreSQL can stop without closing its connections: then no time-out of its own ends a statement,
and a thread would wait for ever. Connections of ours (`evently.postgres`) wait until the deadline
of the thread and no longer. Threads without a deadline, such as those of jobs, wait as before.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.db import OperationalError as DatabaseError
from psycopg import OperationalError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

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
    """Of the running thread: the instant by `time.monotonic`, and seconds for each wait."""

    at = inf
    each = inf


_deadline = _Deadline()


@contextmanager
def deadline(at: float) -> Iterator[None]:
    """Let this thread wait for the database until that instant of `time.monotonic`."""
    before, _deadline.at = _deadline.at, at
    try:
        yield
    finally:
        _deadline.at = before


@contextmanager
def patience(seconds: float = DATABASE_SECONDS) -> Iterator[None]:
    """Let this thread wait for each answer of the database for so long, however many there are."""
    before, _deadline.each = _deadline.each, seconds
    try:
        yield
    finally:
        _deadline.each = before


def seconds_left() -> float | None:
    """For which this thread may wait for the database now; None: for ever."""
    left = min(_deadline.each, _deadline.at - monotonic())
    return None if left == inf else max(0.0, left)


def is_out_of_time(error: object) -> bool:
    """Whether Django's error, or its cause in the driver, is that a deadline has passed."""
    return isinstance(error, BaseException) and isinstance(error.__cause__, OutOfTime)


def in_time(function: Callable[Arguments, Result]) -> Callable[Arguments, Awaitable[Result]]:
    """For the event loop: call it in a thread, which waits for the database no longer than a
    request may.

    Raises:
        OperationalError: the database is out, or the answer was not there in time.
    """

    async def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        until = monotonic() + DATABASE_SECONDS

        def work() -> Result:
            with deadline(until):
                return function(*args, **kwargs)

        return await answer_in_time(database_sync_to_async(work)())

    return call


async def answer_in_time(answer: Awaitable[Result]) -> Result:
    """What is waited for, if it comes as soon as a request must have its answer.

    Raises:
        OperationalError: it did not: the database hangs, or all threads wait for it.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await answer
    except TimeoutError as error:
        raise DatabaseError("The database did not answer in time.") from error
