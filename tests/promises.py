"""Promises of a time, such as "seen everywhere within a second", on machines of any speed.

What a promise costs on a machine with nothing else to do is measured in `bench/`. A test sees
whether it is kept at all: what breaks it for good waits for a sweep, a poll or a time-out, which
takes far longer than a slow machine does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

SLOW_MACHINE = 10
# How long a test waits for what has to come, before it says that it does not come.
PATIENCE_SECONDS = 30.0


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when the block takes longer than a slow machine may take for `seconds`."""
    began = monotonic()
    yield
    spent = monotonic() - began
    assert spent < seconds * SLOW_MACHINE, f"took {spent:.1f} s instead of {seconds:g} s"
