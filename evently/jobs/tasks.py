"""Jobs of the ground: the report of locks that nobody gives back."""

import logging
from typing import Any

from celery import shared_task

from evently.jobs.stale_locks import list_stale_locks

logger = logging.getLogger(__name__)


@shared_task(name="evently.report_stale_locks", ignore_result=True)
def report_stale_locks(**_: Any) -> None:
    """Name in the log who holds rows for so long that a sale may stand still."""
    for lock in list_stale_locks():
        logger.error(
            "A transaction has held rows for %d s, and %d wait for it: pid %d, %s (%s)",
            lock.seconds,
            lock.waiting,
            lock.pid,
            lock.program or "nameless",
            lock.state,
        )
