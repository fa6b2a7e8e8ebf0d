"""Tells a worker that notices wait, without ever making a request wait.

Commits come by the hundred in a second; a message for each would cost more than the bookings. One
lasting thread in each process nudges at most once in a tick, and all processes together keep at
most one message in the queue. What a lost nudge left, the sweep of the same name finds.
"""

import logging
import os
import threading
import time
from typing import Any

from celery import Task
from django.core.cache import cache

from evently.jobs import nudge

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.2
WAITING = "mail-nudge-waits"
# A nudge that was lost is not waited for longer than the sweep's pause.
BELIEVED_SECONDS = 15


class Nudger:
    """The door, from any thread: never waits, starts its thread when it is first used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._has_news = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have a worker look for what is to be brought, soon."""
        if not self._has_news.is_set():  # far cheaper to ask than to set
            self._start()
            self._has_news.set()

    def after_fork(self) -> None:
        """A child process has none of its parent's threads: it starts its own when it needs one."""
        self.__init__()  # type: ignore[misc]

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="nudges", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._has_news.wait()
            self._has_news.clear()
            try:
                nudge_delivery()
            except Exception:
                logger.exception("No worker was nudged, the sweep will do the work")
            time.sleep(TICK_SECONDS)


def register_job(job: "Task[Any, Any]") -> None:
    """Let `job` be what workers are asked for: jobs know what is here, not the reverse."""
    _jobs[:] = [job]


def nudge_delivery() -> None:
    """Ask a worker to deliver, unless one is asked already."""
    [job] = _jobs
    if cache.add(WAITING, True, timeout=BELIEVED_SECONDS):
        nudge(job)


def take_up_nudge() -> None:
    """To be called before a worker looks for work: what is written from now on nudges anew."""
    cache.delete(WAITING)


_jobs: list["Task[Any, Any]"] = []
nudger = Nudger()
os.register_at_fork(after_in_child=nudger.after_fork)
