"""Keeps when each job of the schedule ran: told by the signals of Celery."""

import logging
import time
from typing import Any

from celery import Task
from celery.signals import beat_init, task_postrun, task_prerun
from django.db import Error
from django.utils import timezone

from evently.jobs.models import LONGEST_ERROR, JobRun
from evently.jobs.timetable import scheduled_tasks

logger = logging.getLogger(__name__)

_began: dict[str, float] = {}


@beat_init.connect
def expect_jobs(**_: Any) -> None:
    """The scheduler is there: from now on each job is expected, unless it was before."""
    now = timezone.now()
    rows = [JobRun(task=task, expected_since=now) for task in scheduled_tasks()]
    _keep(lambda: JobRun.objects.bulk_create(rows, ignore_conflicts=True))


@task_prerun.connect
def note_begin(task_id: str, task: "Task[Any, Any]", **_: Any) -> None:
    if task.name in scheduled_tasks():
        _began[task_id] = time.perf_counter()


@task_postrun.connect
def note_end(
    task_id: str, task: "Task[Any, Any]", state: str | None, retval: Any, **_: Any
) -> None:
    """A run that failed leaves its error, and the job as late as it was."""
    began = _began.pop(task_id, None)
    if began is None:
        return
    now = timezone.now()
    found: dict[str, Any] = {
        "finished_at": now,
        "milliseconds": round((time.perf_counter() - began) * 1000),
        "error": "",
    }
    if state != "SUCCESS":
        found = {"failed_at": now, "error": repr(retval)[:LONGEST_ERROR]}
    _keep(
        lambda: JobRun.objects.update_or_create(
            task=task.name, defaults=found, create_defaults={"expected_since": now, **found}
        )
    )


def _keep(write: Any) -> None:
    """The job itself is done: that this cannot be noted must not hurt it."""
    try:
        write()
    except Error as error:
        logger.warning("When a job ran could not be noted: %s", error)
