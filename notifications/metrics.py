"""Figures of notices and their delivery for Prometheus."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import Error
from django_redis import get_redis_connection
from prometheus_client import Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from evently.figures import show

logger = logging.getLogger(__name__)

ATTEMPTS = "evently:mail-attempts"  # a hash in Redis

WRITTEN = Counter("evently_notices_written_total", "Notices written", ["kind"])


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFigures:
    """How mail stands, as the rows have it.

    Args:
        by_status: what is not done with; new: notices whose deliveries do not stand in rows yet.
        oldest_seconds: for how long the one that waits longest has been due; 0 when none is.
        attempts: so far, by provider and outcome.
    """

    by_status: dict[str, int]
    oldest_seconds: float
    attempts: dict[tuple[str, str], int]


class MailCollector(Collector):
    """Shows what `summary` finds. Rows know what all workers did; a worker's counters do not."""

    def __init__(self, summary: Callable[[], MailFigures]) -> None:
        self._summary = summary

    def describe(self) -> Iterator[Metric]:
        """The names alone: asked when we register, before the database may be used."""
        return iter(_families())

    def collect(self) -> Iterator[Metric]:
        try:
            figures = self._summary()
        except Error as error:
            logger.warning("No mail figures, the database is out: %s", error)
            return
        queue, age, attempts = _families()
        for status, number in figures.by_status.items():
            queue.add_metric([status], number)
        age.add_metric([], figures.oldest_seconds)
        for (provider, outcome), number in figures.attempts.items():
            attempts.add_metric([provider, outcome], number)
        yield from (queue, age, attempts)


def show_mail(summary: Callable[[], MailFigures]) -> MailCollector:
    """Add the figures to what this process shows at /metrics. Once a process."""
    collector = MailCollector(summary)
    show(collector)
    return collector


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily, CounterMetricFamily]:
    return (
        GaugeMetricFamily(
            "evently_mail_queue", "Notices and deliveries not done with", labels=["status"]
        ),
        GaugeMetricFamily(
            "evently_mail_oldest_due_seconds", "For how long the oldest due mail has waited"
        ),
        CounterMetricFamily(
            "evently_mail_attempts",
            "Tries to hand mail to a provider",
            labels=["provider", "outcome"],
        ),
    )


def count_attempt(provider: str, outcome: str) -> None:
    """Count a try in Redis: workers are not asked for figures, and come and go."""
    try:
        get_redis_connection().hincrby(ATTEMPTS, f"{provider}:{outcome}", 1)
    except RedisError as error:
        logger.warning("A mail attempt was not counted, Redis is out: %s", error)


def counted_attempts() -> dict[tuple[str, str], int]:
    """Tries by provider and outcome since Redis began to count; none while it is out."""
    try:
        counts = get_redis_connection().hgetall(ATTEMPTS)
    except RedisError as error:
        logger.warning("No figures of mail attempts, Redis is out: %s", error)
        return {}
    pairs = {tuple(key.decode().split(":")): int(number) for key, number in counts.items()}
    return {(provider, outcome): number for (provider, outcome), number in pairs.items()}
