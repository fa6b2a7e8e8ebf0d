"""/metrics: the figures of all server processes on this machine, for Prometheus."""

import os

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

# Where server processes keep what they counted, when there are several (`evently.server`).
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

_asked_each_time: list[Collector] = []


def show(collector: Collector) -> None:
    """Add what is looked up whenever somebody asks, the same in every process. Once a process."""
    _asked_each_time.append(collector)
    REGISTRY.register(collector)


def metrics_text() -> bytes:
    """The figures in the text format of Prometheus; looks some of them up in the database."""
    return generate_latest(_registry())


def _registry() -> CollectorRegistry:
    if SHARED_FOLDER not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    for collector in _asked_each_time:
        registry.register(collector)
    return registry
