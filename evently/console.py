"""The log's lines, written in one go where many come at once.

Each write lets another thread have the interpreter, and a busy one gives it back milliseconds
later: an event loop that answers thousands of requests a second cannot afford that for every line.
"""

import asyncio
import logging
from logging import LogRecord
from time import monotonic

FLUSH_AFTER_SECONDS = 0.1


class Lines(logging.Formatter):
    """Writes a record with `lines` as so many: pairs of a correlation id and a message each."""

    def format(self, record: LogRecord) -> str:
        lines = getattr(record, "lines", None)
        if lines is None or self._fmt is None:
            return super().format(record)
        values = dict(vars(record))
        told = []
        for correlation_id, message in lines:
            values.update(correlation_id=correlation_id, message=message)
            told.append(self._fmt % values)
        return "\n".join(told)


class Console(logging.StreamHandler):  # type: ignore[type-arg]
    """Gathers what an event loop says for a moment. Threads are written at once, and warnings,
    and what was said before them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._flush_at = 0.0

    def emit(self, record: LogRecord) -> None:
        try:
            self._lines.append(self.format(record) + self.terminator)
            if record.levelno >= logging.WARNING or not self._may_wait():
                self.flush()
        except Exception:  # noqa: BLE001 - as in the library: a line that fails stops nobody
            self.handleError(record)

    def flush(self) -> None:
        self.acquire()
        try:
            lines, self._lines = self._lines, []
            if lines:
                self.stream.write("".join(lines))
            super().flush()
        finally:
            self.release()

    def _may_wait(self) -> bool:
        """Whether the running event loop is about to flush; a first line makes it do so."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        if len(self._lines) == 1:
            self._flush_at = monotonic() + FLUSH_AFTER_SECONDS
            loop.call_later(FLUSH_AFTER_SECONDS, self.flush)
        return monotonic() < self._flush_at
