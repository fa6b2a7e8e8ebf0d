"""The schedule as it is kept: which job runs when, when it last did, and whether it is late."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery.schedules import crontab
from django.conf import settings
from django.utils import timezone

from evently.jobs.models import JobRun

# A worker that starts anew, or has its hands full for a moment, is no news.
GRACE = timedelta(seconds=120)

# How `settings.CELERY_BEAT_SCHEDULE` says when: every so many seconds, or as cron does.
Rhythm = int | crontab


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job of the schedule and its last run.

    Args:
        name: as the schedule calls it.
        due_at: when it should be done again; None when no scheduler has ever run here.
        last_done_at: None: never yet.
    """

    name: str
    task: str
    rhythm: str
    due_at: datetime | None
    last_done_at: datetime | None

    def is_late(self, now: datetime) -> bool:
        """Whether it should have been done some time ago, and was not, or failed."""
        return self.due_at is not None and now > self.due_at + GRACE


def list_jobs() -> list[Job]:
    """The jobs of the schedule in its order: one query."""
    runs = JobRun.objects.in_bulk()
    return [
        _job(name, entry, runs.get(entry["task"]))
        for name, entry in settings.CELERY_BEAT_SCHEDULE.items()
    ]


def job_of(run: JobRun) -> Job:
    """The job whose run this was; its task is one of `scheduled_tasks`."""
    return next(
        _job(name, entry, run)
        for name, entry in settings.CELERY_BEAT_SCHEDULE.items()
        if entry["task"] == run.task
    )


def list_late_jobs() -> list[str]:
    """Names of those that did not run in time."""
    now = timezone.now()
    return [job.name for job in list_jobs() if job.is_late(now)]


def scheduled_tasks() -> list[str]:
    return [str(entry["task"]) for entry in settings.CELERY_BEAT_SCHEDULE.values()]


def _job(name: str, entry: Mapping[str, Any], run: JobRun | None) -> Job:
    rhythm = entry["schedule"]
    return Job(
        name=name,
        task=entry["task"],
        rhythm=_in_words(rhythm),
        due_at=_due_at(rhythm, run.finished_at or run.expected_since) if run else None,
        last_done_at=run.finished_at if run else None,
    )


def _due_at(rhythm: Rhythm, last: datetime) -> datetime:
    """The first time for it after the last one."""
    if isinstance(rhythm, crontab):
        started, delta, _ = rhythm.remaining_delta(last)
        due: datetime = started + delta
        return due
    return last + timedelta(seconds=rhythm)


def _in_words(rhythm: Rhythm) -> str:
    """For people: "5 s", or as cron has it, "17 * * * *"."""
    if isinstance(rhythm, crontab):
        return repr(rhythm).removeprefix("<crontab: ").partition(" (")[0]
    return f"{rhythm} s"
