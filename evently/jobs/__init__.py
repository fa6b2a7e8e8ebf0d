"""Background work: how a use case asks for it, and the sign of life that health looks for.

A message to a worker is only a nudge. What is to be done stands in rows, and a sweep in the
schedule finds what a lost nudge left.
"""

import logging
from datetime import datetime
from typing import Any

from celery import Task, shared_task
from django.core.cache import cache
from django.utils import timezone
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
HEARTBEAT = "worker-heartbeat"
HEARTBEAT_EVERY_SECONDS = 15


def nudge(task: "Task[Any, Any]", **arguments: Any) -> None:
    """Ask a worker to run the task soon; when the broker is out, the task's sweep will do it."""
    try:
        task.apply_async(kwargs=arguments, retry=False)
    except OperationalError as error:
        logger.warning("No broker for %s, its sweep will do the work: %s", task.name, error)


@shared_task(name="evently.beat_heart", ignore_result=True)
def beat_heart(**_: Any) -> None:
    """Leave a sign of life: the scheduler sent this and a worker ran it."""
    cache.set(HEARTBEAT, timezone.now(), timeout=20 * HEARTBEAT_EVERY_SECONDS)


def last_heartbeat() -> datetime | None:
    """When a worker last ran a scheduled task; None when that is long ago or Redis is out."""
    found = cache.get(HEARTBEAT)
    return found if isinstance(found, datetime) else None
