"""Transactions that stay open: what they have locked, nobody else can sell."""

from dataclasses import dataclass

from django.db import connection

STALE_SECONDS = 30

# Whoever may not see what another user does sees that they do it.
OPEN_FOR_LONG = """
    SELECT activity.pid,
           coalesce(activity.application_name, ''),
           coalesce(activity.state, 'unknown'),
           extract(epoch FROM now() - activity.xact_start)::int,
           (SELECT count(*) FROM pg_stat_activity AS waiting
             WHERE activity.pid = ANY(pg_blocking_pids(waiting.pid)))
    FROM pg_stat_activity AS activity
    WHERE activity.datname = current_database()
      AND activity.backend_type = 'client backend'
      AND activity.pid <> pg_backend_pid()
      AND activity.xact_start < now() - make_interval(secs => %s)
      AND EXISTS (SELECT FROM pg_locks AS held
                  WHERE held.pid = activity.pid
                    AND held.mode IN ('RowShareLock', 'RowExclusiveLock'))
    ORDER BY activity.xact_start
"""


@dataclass(frozen=True, slots=True)
class StaleLock:
    """A transaction that holds locks on rows and does not end.

    Args:
        pid: of the database's process, for `pg_terminate_backend`.
        program: what it calls itself.
        state: such as "idle in transaction".
        seconds: how long it has been open.
        waiting: how many wait for it.
    """

    pid: int
    program: str
    state: str
    seconds: int
    waiting: int


def list_stale_locks(*, seconds: float = STALE_SECONDS) -> list[StaleLock]:
    """Those of this database that have been open for longer, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN_FOR_LONG, [seconds])
        return [StaleLock(*row) for row in cursor.fetchall()]
