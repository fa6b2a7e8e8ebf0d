"""Which jobs are done in time: what runs is noted, and what did not run is seen."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import shared_task
from celery.schedules import crontab
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from evently import parts
from evently.celery import app
from evently.figures import metrics_text
from evently.jobs import beat_heart, recording
from evently.jobs.models import JobRun
from evently.jobs.timetable import GRACE, Job, list_jobs, list_late_jobs
from tests.makers import make_organiser, make_user

pytestmark = pytest.mark.django_db

MIDNIGHT = datetime(2026, 6, 1, tzinfo=UTC)


@shared_task(name="tests.stumble")
def stumble(**_: Any) -> None:
    raise ZeroDivisionError("stumbled")


@pytest.fixture(autouse=True)
def jobs_at_once() -> Iterator[None]:
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.fixture
def schedule(settings: Settings) -> None:
    settings.CELERY_BEAT_SCHEDULE = {
        "heart": {"task": "evently.beat_heart", "schedule": 15},
        "stumbling": {"task": "tests.stumble", "schedule": 60},
        "nightly": {"task": "tests.nightly", "schedule": crontab(hour="3", minute="7")},
    }


def the_job(name: str) -> Job:
    return next(job for job in list_jobs() if job.name == name)


def expect(**ago: timedelta) -> None:
    """The scheduler was there so long ago."""
    for task, age in ago.items():
        since = timezone.now() - age
        JobRun.objects.create(task=task.replace("__", "."), expected_since=since)


def test_a_job_that_ran_is_noted_with_its_time(schedule: None) -> None:
    before = timezone.now()
    beat_heart.delay()
    job = the_job("heart")
    assert job.last_done_at
    assert before <= job.last_done_at <= timezone.now()
    assert job.due_at == job.last_done_at + timedelta(seconds=15)


def test_a_job_that_is_not_in_the_schedule_is_not_noted(settings: Settings) -> None:
    settings.CELERY_BEAT_SCHEDULE = {}
    beat_heart.delay()
    assert not JobRun.objects.exists()


def test_a_job_that_fails_stays_due_and_says_why(schedule: None) -> None:
    expect(tests__stumble=timedelta(hours=1))
    stumble.delay()
    assert list_late_jobs() == ["stumbling"]
    assert "stumbled" in JobRun.objects.get(task="tests.stumble").error


def test_a_job_is_late_after_its_time_and_some_patience(schedule: None) -> None:
    beat_heart.delay()
    due_at = the_job("heart").due_at
    assert due_at
    assert not the_job("heart").is_late(due_at + GRACE)
    assert the_job("heart").is_late(due_at + GRACE + timedelta(seconds=1))


def test_a_nightly_job_is_due_in_the_night(schedule: None) -> None:
    JobRun.objects.create(
        task="tests.nightly", expected_since=MIDNIGHT, finished_at=MIDNIGHT + timedelta(hours=4)
    )
    assert the_job("nightly").due_at == MIDNIGHT + timedelta(days=1, hours=3, minutes=7)
    assert the_job("nightly").rhythm == "7 3 * * *"


def test_nothing_is_late_where_no_scheduler_ever_ran(schedule: None) -> None:
    assert list_late_jobs() == []


def test_from_its_first_start_the_scheduler_expects_each_job(schedule: None) -> None:
    expect(evently__beat_heart=timedelta(hours=1))
    recording.expect_jobs()
    assert JobRun.objects.count() == 3
    assert list_late_jobs() == ["heart"]


def test_health_names_the_jobs_that_are_late(schedule: None) -> None:
    assert parts.check_parts()["jobs"] == {"status": "ok"}
    expect(evently__beat_heart=timedelta(hours=1), tests__stumble=timedelta(hours=1))
    assert parts.check_parts()["jobs"] == {"status": "down", "late": ["heart", "stumbling"]}


def test_the_metrics_tell_when_jobs_were_done_and_which_are_late(
    schedule: None, client: Client
) -> None:
    beat_heart.delay()
    expect(tests__stumble=timedelta(hours=1))
    text = metrics_text().decode()
    assert 'evently_job_late{job="heart"} 0.0' in text
    assert 'evently_job_late{job="stumbling"} 1.0' in text
    assert 'evently_job_done_timestamp_seconds{job="heart"}' in text
    assert 'evently_job_done_timestamp_seconds{job="stumbling"}' not in text


def test_staff_see_the_schedule_and_what_is_late(schedule: None, client: Client) -> None:
    beat_heart.delay()
    expect(tests__stumble=timedelta(hours=1))
    client.force_login(make_user("Grace", is_staff=True))
    page = client.get("/admin/jobs/jobrun/").content.decode()
    for word in ("heart", "15 s", "in time", "stumbling", "late"):
        assert word in page
    make_organiser(ada := make_user("Ada"))
    client.force_login(ada)
    assert client.get("/admin/jobs/jobrun/").status_code == 403
