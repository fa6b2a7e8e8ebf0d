"""A breaker between us and a part that may hang."""

import time


class Breaker:
    """After a failure the part is left alone for a while: its time-out is paid once, not by all.

    Args:
        pause: seconds for which nobody asks the part again.
    """

    def __init__(self, *, pause: float) -> None:
        self._pause = pause
        self._closed_from = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the part is not to be asked now."""
        return time.monotonic() < self._closed_from

    def trip(self) -> None:
        """Note that the part did not answer."""
        self._closed_from = time.monotonic() + self._pause
