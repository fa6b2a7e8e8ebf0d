"""The unit of work: the only way a use case opens a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from psycopg import errors as pg

from evently.errors import Busy
from evently.facts import written_down

# The database could not decide in time; nothing was changed and the same call may work later.
# How long a lock is waited for is a setting of the connection (`settings.DATABASES`).
HELD_UP = (pg.LockNotAvailable, pg.DeadlockDetected, pg.SerializationFailure)


@contextmanager
def unit_of_work() -> Iterator[None]:
    """One durable transaction: all of it is committed when the block ends, or none.

    Never nested, so that a use case cannot be half committed by another one around it.

    Raises:
        Busy: a lock was not to be had in time, a deadlock, or a serialisation failure.
    """
    try:
        with transaction.atomic(durable=True), written_down():
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
