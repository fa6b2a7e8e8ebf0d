"""The access log: one line for each request, without query, address or anything that tells who.

Lines are written some at a time: one by one they cost as much as an answer from the cache.
"""

import asyncio
import logging
import re
from contextvars import copy_context
from functools import lru_cache
from time import monotonic
from typing import NamedTuple
from urllib.parse import quote

from asgi_correlation_id import correlation_id

logger = logging.getLogger("evently.access")

WRITE_AFTER_SECONDS = 0.02
# A long part of an address that names neither an event nor a file is a secret, such as the key in
# a mail for a new password.
SECRET = re.compile(r"(?<=/)(?![0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:/|$))[^/.]{20,}")
LONGEST_PATH = 200


class Line(NamedTuple):
    """What is said of a request."""

    request_id: str
    method: str
    path: str
    status: int
    seconds: float


class AccessLog:
    """Belongs to the thread of the event loop."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._due_at = 0.0

    def note(self, line: Line) -> None:
        """Write the line in a moment."""
        if not logger.isEnabledFor(logging.INFO):
            return
        now = monotonic()
        # What is overdue may have been left to a loop that is no more.
        if not self._lines or now > self._due_at:
            self._due_at = now + WRITE_AFTER_SECONDS
            asyncio.get_running_loop().call_later(WRITE_AFTER_SECONDS, self.write)
        self._lines.append(line)

    def write(self) -> None:
        """Write now what waits, each line with its request's correlation id."""
        lines, self._lines = self._lines, []
        copy_context().run(_write, lines)


access_log = AccessLog()


def _write(lines: list[Line]) -> None:
    for request_id, method, path, status, seconds in lines:
        correlation_id.set(request_id)
        logger.info("%s %s %d %.1f ms", method, _shown(path), status, seconds * 1000)


@lru_cache(maxsize=16_384)
def _shown(path: str) -> str:
    return SECRET.sub("*", quote(path, safe="/:@"))[:LONGEST_PATH]
