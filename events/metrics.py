"""Figures of the inventory for Prometheus, read from the last audit when somebody asks."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from django.db import Error
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from evently.figures import show

logger = logging.getLogger(__name__)


class Audit(Protocol):
    """What is shown of an audit."""

    ran_at: datetime
    drifting_events: int
    drift_seats: int


class InventoryCollector(Collector):
    """Shows what `find_last_audit` finds; nothing before the first or without database."""

    def __init__(self, find_last_audit: Callable[[], Audit | None]) -> None:
        self._find_last_audit = find_last_audit

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The names alone: asked when we register, before the database may be used."""
        return iter(_gauges())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            audit = self._find_last_audit()
        except Error as error:
            logger.warning("No inventory figures, the database is out: %s", error)
            return
        if audit is None:
            return
        figures = (audit.drift_seats, audit.drifting_events, audit.ran_at.timestamp())
        for gauge, figure in zip(_gauges(), figures, strict=True):
            gauge.add_metric([], figure)
            yield gauge


def show_inventory(find_last_audit: Callable[[], Audit | None]) -> InventoryCollector:
    """Add the figures to what this process shows at /metrics. Once a process."""
    collector = InventoryCollector(find_last_audit)
    show(collector)
    return collector


def _gauges() -> tuple[GaugeMetricFamily, ...]:
    return (
        GaugeMetricFamily("evently_inventory_drift_seats", "Seats that the audit found wrong"),
        GaugeMetricFamily("evently_inventory_drifting_events", "Events that do not add up"),
        GaugeMetricFamily(
            "evently_inventory_audited_timestamp_seconds", "When the inventory was last recounted"
        ),
    )
