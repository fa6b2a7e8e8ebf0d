"""The backend, where Django looks for it: see `evently.deadlines`."""

from typing import Any, TypeVar

import psycopg
from django.db.backends.postgresql import base
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout

from evently.deadlines import OutOfTime, seconds_left
from evently.postgres.arrays import use_quick_arrays

Result = TypeVar("Result")
# A connection attempt that gets less than this is not worth beginning.
SHORTEST_CONNECT_SECONDS = 1

use_quick_arrays()


class Connection(psycopg.Connection[Any]):
    """Whatever waits for the server waits here."""

    def wait(
        self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None
    ) -> Result:
        """As the library, but until the thread's deadline at most.

        Raises:
            OutOfTime: the deadline has passed. The connection is closed: what the server would
                answer next belongs to a statement that nobody waits for any more.
        """
        left = seconds_left()
        if left is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, left if timeout is None else min(left, timeout))
        except _WaitTimeout as error:
            if timeout is not None and timeout < left:
                raise
            self.close()
            raise OutOfTime("The database did not answer in time.") from error


class Driver:
    """psycopg, as Django uses it, with our connections."""

    connect = staticmethod(Connection.connect)

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg, name)


class DatabaseWrapper(base.DatabaseWrapper):
    Database = Driver()  # type: ignore[assignment]

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect within what is left until the thread's deadline."""
        left = seconds_left()
        if left is not None:
            if left < SHORTEST_CONNECT_SECONDS:
                raise OutOfTime("There is no time left to connect to the database.")
            patience = min(int(left), conn_params.get("connect_timeout") or int(left))
            conn_params = conn_params | {"connect_timeout": patience}
        return super().get_new_connection(conn_params)
