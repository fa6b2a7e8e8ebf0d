"""The parts that Evently needs, and whether each works right now."""

import socket
import time
from collections.abc import Callable
from datetime import timedelta
from math import isfinite
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.db import Error, connection
from django.utils import timezone
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from evently.jobs import last_heartbeat
from evently.jobs.timetable import list_late_jobs
from evently.replicas import REPLICA, replica_watch

Finding = dict[str, Any]
SILENCE = timedelta(seconds=60)  # Four sign-of-life rounds: a worker or the scheduler is gone.
MAIL_CHECKED_EVERY_SECONDS = 60
LONGEST_MAIL_WAIT_SECONDS = 300
CONNECT_SECONDS = 3.0

_mail_checked: tuple[float, Finding] | None = None
_oldest_mail_seconds: Callable[[], float] = float


def watch_mail(oldest_seconds: Callable[[], float]) -> None:
    """Let `oldest_seconds` say for how long the oldest due mail waits: its app knows."""
    global _oldest_mail_seconds
    _oldest_mail_seconds = oldest_seconds


def check_parts() -> dict[str, Finding]:
    """Each part's `status`, "ok" or "down", and figures that help to see why."""
    return {
        "database": _check_database(),
        "redis": _check_redis(),
        "workers": _check_workers(),
        "jobs": _check_jobs(),
        "mail": _check_mail(),
        **({"replica": _check_replica()} if REPLICA in settings.DATABASES else {}),
    }


def overall(findings: dict[str, Finding]) -> str:
    """ok; degraded when a part is out that selling does not need; down without the database."""
    if findings["database"]["status"] != "ok":
        return "down"
    return "ok" if all(part["status"] == "ok" for part in findings.values()) else "degraded"


def _check_database() -> Finding:
    began = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return {"status": "down"}
    return {"status": "ok", "ms": _ms_since(began)}


def _check_replica() -> Finding:
    """Whether readers who do not mind a moment's delay are sent there."""
    status = "ok" if replica_watch.keeps_up() else "down"
    lag = replica_watch.lag_seconds
    return {"status": status, "lag_seconds": round(lag, 1) if isfinite(lag) else None}


def _check_redis() -> Finding:
    began = time.perf_counter()
    try:
        get_redis_connection().ping()
    except RedisError:
        return {"status": "down"}
    return {"status": "ok", "ms": _ms_since(began)}


def _check_workers() -> Finding:
    """The scheduler sends a sign of life every 15 s and a worker leaves it in Redis."""
    seen = last_heartbeat()
    if seen is None or timezone.now() - seen > SILENCE:
        return {"status": "down"}
    return {"status": "ok", "last_seen": seen.isoformat(timespec="seconds")}


def _check_jobs() -> Finding:
    """Whether each job of the schedule was done in time; names those that were not."""
    try:
        late = list_late_jobs()
    except Error:
        return {"status": "down"}
    return {"status": "down", "late": late} if late else {"status": "ok"}


def _check_mail() -> Finding:
    """Whether mail can leave, and does; asked at most once a minute."""
    global _mail_checked
    if _mail_checked is None or time.monotonic() - _mail_checked[0] > MAIL_CHECKED_EVERY_SECONDS:
        _mail_checked = (time.monotonic(), _try_mail())
    return _mail_checked[1]


def _try_mail() -> Finding:
    """Each way that is set up takes connections or not; one that does is enough.

    Mail that is due for long is stuck, whatever the ways say.
    """
    ways = {
        **({"smtp": _try_smtp()} if settings.EMAIL_HOST else {}),
        **({"sendgrid": _try_sendgrid()} if settings.SENDGRID_API_KEY else {}),
    }
    try:
        waits = _oldest_mail_seconds()
    except Error:
        return {"status": "down", **ways}
    is_ok = "ok" in ways.values() and waits <= LONGEST_MAIL_WAIT_SECONDS
    return {"status": "ok" if is_ok else "down", **ways, "oldest_due_seconds": round(waits)}


def _try_smtp() -> str:
    mail = EmailBackend()
    try:
        mail.open()
        mail.close()
    except (OSError, SMTPException):
        return "down"
    return "ok"


def _try_sendgrid() -> str:
    address = urlsplit(settings.ANYMAIL["SENDGRID_API_URL"])
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname or "", port), CONNECT_SECONDS).close()
    except OSError:
        return "down"
    return "ok"


def _ms_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
