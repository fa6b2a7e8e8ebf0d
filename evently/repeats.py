"""The same fault is logged once a minute, and how often it came meanwhile.

A stranger, or a part that is out, can cause the same line thousands of times: it would bury all
others and fill the disk.
"""

import logging
import threading
from collections.abc import Hashable
from logging import LogRecord
from time import monotonic

ONCE_IN_SECONDS = 60.0
# More kinds of faults than this are not told apart for a minute.
MOST_REMEMBERED = 1_000


class Repeats:
    """Counts what is not said, by what would be said."""

    def __init__(self, *, every: float = ONCE_IN_SECONDS) -> None:
        self._every = every
        self._lock = threading.Lock()
        # When it was said last, and how often it was not said since.
        self._said: dict[Hashable, tuple[float, int]] = {}

    def admit(self, key: Hashable) -> int | None:
        """None when this was said within the last minute. Else how often it came since, unsaid."""
        now = monotonic()
        with self._lock:
            said_at, unsaid = self._said.get(key, (float("-inf"), 0))
            if now - said_at < self._every:
                self._said[key] = said_at, unsaid + 1
                return None
            self._said.pop(key, None)
            if len(self._said) >= MOST_REMEMBERED:
                del self._said[next(iter(self._said))]
            self._said[key] = now, 0
            return unsaid

    def forget(self) -> None:
        """Begin anew: everything may be said again."""
        with self._lock:
            self._said.clear()


class OncePerMinute(logging.Filter):
    """Lets the first of equal warnings and errors through; the next one tells how many there were.

    Equal are those of one logger with one text before its arguments are put in; of an exception
    also the place where it was raised, so that two bugs are two faults.
    """

    repeats = Repeats()

    def filter(self, record: LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        unsaid = self.repeats.admit(_fault_of(record))
        if unsaid:
            record.msg = f"{record.getMessage()} (and {unsaid} times more before)"
            record.args = ()
        return unsaid is not None


def _fault_of(record: LogRecord) -> Hashable:
    where: Hashable = None
    if record.exc_info and record.exc_info[1]:
        kind, _, trace = record.exc_info
        while trace and trace.tb_next:
            trace = trace.tb_next
        where = kind, trace and (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    return record.name, record.levelno, record.msg, where
