"""The parts that Evently needs, and whether each works right now."""

import time
from datetime import timedelta
from math import isfinite
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.db import Error, connection
from django.utils import timezone
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from evently.jobs import last_heartbeat
from evently.replicas import REPLICA, replica_watch

Finding = dict[str, Any]
SILENCE = timedelta(seconds=60)  # Four sign-of-life rounds: a worker or the scheduler is gone.
MAIL_CHECKED_EVERY_SECONDS = 60

_mail_checked: tuple[float, Finding] | None = None


def check_parts() -> dict[str, Finding]:
    """Each part's `status`, "ok" or "down", and figures that help to see why."""
    return {
        "database": _check_database(),
        "redis": _check_redis(),
        "workers": _check_workers(),
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


def _check_mail() -> Finding:
    """Whether the mail server takes connections; asked at most once a minute."""
    global _mail_checked
    if _mail_checked is None or time.monotonic() - _mail_checked[0] > MAIL_CHECKED_EVERY_SECONDS:
        _mail_checked = (time.monotonic(), _try_mail())
    return _mail_checked[1]


def _try_mail() -> Finding:
    try:
        mail = get_connection()
        mail.open()
        mail.close()
    except (OSError, SMTPException):
        return {"status": "down"}
    return {"status": "ok"}


def _ms_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
