"""Figures of the waitlist for Prometheus."""

import logging
from collections.abc import Callable, Iterator
from typing import Protocol

from django.db import Error
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from evently.figures import show

logger = logging.getLogger(__name__)
JOINED = Counter("evently_waitlist_joined_total", "People who joined a waitlist")
OFFERS = Counter("evently_waitlist_offers_total", "Offers made, and how they ended", ["outcome"])


class Ended(Protocol):
    """What is counted of an offer that ended."""

    @property
    def status(self) -> str: ...


def count_joined(_: object) -> None:
    JOINED.inc()


def count_made(_: object) -> None:
    OFFERS.labels(outcome="made").inc()


def count_ended(offer: Ended) -> None:
    OFFERS.labels(outcome=offer.status).inc()


class WaitingCollector(Collector):
    """Shows how many people wait, as `count_waiting` says; nothing without database."""

    def __init__(self, count_waiting: Callable[[], int]) -> None:
        self._count_waiting = count_waiting

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The name alone: asked when we register, before the database may be used."""
        yield _gauge()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            waiting = self._count_waiting()
        except Error as error:
            logger.warning("No waitlist figures, the database is out: %s", error)
            return
        gauge = _gauge()
        gauge.add_metric([], waiting)
        yield gauge


def show_waiting(count_waiting: Callable[[], int]) -> WaitingCollector:
    """Add the figure to what this process shows at /metrics. Once a process."""
    collector = WaitingCollector(count_waiting)
    show(collector)
    return collector


def _gauge() -> GaugeMetricFamily:
    return GaugeMetricFamily("evently_waitlist_waiting", "People who stand in line now")
