"""Figures of the gateway for Prometheus."""

from prometheus_client import Counter

LIMIT_ALLOWED = Counter(
    "evently_rate_limit_allowed_total", "Requests within all limits", ["endpoint"]
)
LIMIT_REFUSED = Counter("evently_rate_limit_refused_total", "Requests over the limit", ["tier"])
LIMIT_SKIPPED = Counter(
    "evently_rate_limit_skipped_total", "Requests that no limit was asked for: Redis was out"
)
