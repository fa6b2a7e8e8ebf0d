"""Figures of the jobs for Prometheus, read when somebody asks."""

import logging
from collections.abc import Callable, Iterable, Iterator

from django.db import Error
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from evently.figures import show
from evently.jobs.timetable import Job

logger = logging.getLogger(__name__)


class JobsCollector(Collector):
    """Shows each job that `list_jobs` finds; nothing without database."""

    def __init__(self, list_jobs: Callable[[], Iterable[Job]]) -> None:
        self._list_jobs = list_jobs

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The names alone: asked when we register, before the database may be used."""
        return iter(_gauges())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        done, late = _gauges()
        try:
            now = timezone.now()
            for job in self._list_jobs():
                late.add_metric([job.name], job.is_late(now))
                if job.last_done_at:
                    done.add_metric([job.name], job.last_done_at.timestamp())
        except Error as error:
            logger.warning("No figures of jobs, the database is out: %s", error)
            return
        yield from (done, late)


def show_jobs(list_jobs: Callable[[], Iterable[Job]]) -> JobsCollector:
    """Add the figures to what this process shows at /metrics. Once a process."""
    collector = JobsCollector(list_jobs)
    show(collector)
    return collector


def _gauges() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily(
            "evently_job_done_timestamp_seconds", "When the job was last done", labels=["job"]
        ),
        GaugeMetricFamily(
            "evently_job_late", "1 when the job did not run in time, or failed", labels=["job"]
        ),
    )
