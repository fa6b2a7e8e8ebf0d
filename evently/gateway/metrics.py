"""Figures of the gateway for Prometheus."""

from prometheus_client import Counter, Gauge

LIMIT_ALLOWED = Counter(
    "evently_rate_limit_allowed_total", "Requests within all limits", ["endpoint"]
)
LIMIT_REFUSED = Counter("evently_rate_limit_refused_total", "Requests over the limit", ["tier"])
LIMIT_SKIPPED = Counter(
    "evently_rate_limit_skipped_total", "Requests that no limit was asked for: Redis was out"
)
REFUSED = Counter(
    "evently_gateway_refused_total", "Requests that the gateway refused by itself", ["reason"]
)
THREADS = Gauge(
    "evently_django_threads", "Threads of Django in this process", multiprocess_mode="livesum"
)
THREADS_BUSY = Gauge(
    "evently_django_threads_busy", "Those at work on a request", multiprocess_mode="livesum"
)
WAITING = Gauge(
    "evently_django_requests_waiting",
    "Requests that wait for a thread of Django",
    multiprocess_mode="livesum",
)
