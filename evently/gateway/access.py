"""The access log: one line for each request, without query, address or anything that tells who.

Lines are written some at a time, as one record of many lines (`evently.console.Lines`): one by one
they cost as much as an answer from the cache.
"""

import asyncio
import logging
import re
from functools import lru_cache
from time import monotonic
from typing import NamedTuple
from urllib.parse import quote

from evently.repeats import Repeats

logger = logging.getLogger("evently.access")

WRITE_AFTER_SECONDS = 0.02
# A long part of an address that names neither an event nor a file is a secret, such as the key in
# a mail for a new password.
SECRET = re.compile(r"(?<=/)(?![0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:/|$))[^/.]{20,}")
LONGEST_PATH = 200
# Refusals that come by the thousand: one line a minute of each method, which counts the others.
CROWDS = frozenset({408, 413, 429, 503})


class Line(NamedTuple):
    """What is said of a request."""

    request_id: str
    method: str
    path: str
    status: int
    seconds: float
    # How many like it were left out before.
    unsaid: int = 0


class AccessLog:
    """Belongs to the thread of the event loop."""

    def __init__(self) -> None:
        self.refusals = Repeats()
        self._lines: list[Line] = []
        self._due_at = 0.0

    def note(self, line: Line) -> None:
        """Write the line in a moment."""
        if not logger.isEnabledFor(logging.INFO):
            return
        if line.status in CROWDS:
            unsaid = self.refusals.admit((line.method, line.status))
            if unsaid is None:
                return
            line = line._replace(unsaid=unsaid)
        now = monotonic()
        # What is overdue may have been left to a loop that is no more.
        if not self._lines or now > self._due_at:
            self._due_at = now + WRITE_AFTER_SECONDS
            asyncio.get_running_loop().call_later(WRITE_AFTER_SECONDS, self.write)
        self._lines.append(line)

    def write(self) -> None:
        """Write now what waits, each line with its request's correlation id."""
        lines, self._lines = self._lines, []
        if lines:
            told = [(line.request_id, _in_words(line)) for line in lines]
            logger.info("%d requests", len(told), extra={"lines": told})


access_log = AccessLog()


def _in_words(line: Line) -> str:
    more = f" (and {line.unsaid} times more before)" if line.unsaid else ""
    return f"{line.method} {_shown(line.path)} {line.status} {line.seconds * 1000:.1f} ms{more}"


@lru_cache(maxsize=16_384)
def _shown(path: str) -> str:
    return SECRET.sub("*", quote(path, safe="/:@"))[:LONGEST_PATH]
