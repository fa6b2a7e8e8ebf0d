"""The unit of work: the only way a use case opens a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import OperationalError, connection, transaction
from psycopg import errors as pg

from evently.errors import Busy
from evently.facts import written_down

# The database could not decide in time; nothing was changed and the same call may work later.
# How long a lock is waited for is a setting of the connection (`settings.DATABASES`).
HELD_UP = (pg.LockNotAvailable, pg.DeadlockDetected, pg.SerializationFailure)

# Whether the next unit of work is part of a `joint_transaction`.
_is_joined: ContextVar[bool] = ContextVar("is_joined", default=False)


@contextmanager
def unit_of_work() -> Iterator[None]:
    """One durable transaction: all of it is committed when the block ends, or none.

    Never nested, so that a use case cannot be half committed by another one around it. Only inside
    `joint_transaction` it is a savepoint, and committed with the rest.

    Raises:
        Busy: a lock was not to be had in time, a deadlock, or a serialisation failure.
    """
    is_durable = not _is_joined.get()
    mark = _is_joined.set(False)
    try:
        with _busy_when_held_up(), transaction.atomic(durable=is_durable), written_down():
            yield
    finally:
        _is_joined.reset(mark)


@contextmanager
def joint_transaction() -> Iterator[None]:
    """One durable transaction around the units of work of a request and what is kept of its answer.

    A unit of work that fails inside is undone, and the others are not. For
    `evently.api.repeats` alone: a use case opens a unit of work.

    Raises:
        Busy: as `unit_of_work`.
    """
    mark = _is_joined.set(True)
    try:
        with _busy_when_held_up(), transaction.atomic(durable=True):
            yield
    finally:
        _is_joined.reset(mark)


@contextmanager
def _busy_when_held_up() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, HELD_UP):
            raise Busy from error
        raise


@contextmanager
def frozen_view() -> Iterator[None]:
    """A read-only transaction whose queries all see the database as it was at the first of them."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
