"""What is said and done about a program that ended unexpectedly."""

import signal

STEADY_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 30.0


class Backoff:
    """Counts the crashes of one program.

    Args:
        first: the pause after a first crash, in seconds; each further one waits twice as long, 1 s
            at least. A program that ran for `STEADY_SECONDS` starts anew.
    """

    def __init__(self, *, first: float) -> None:
        self._first = first
        self._crashes = 0

    def pause_after(self, ran_seconds: float) -> float:
        """Seconds to wait now that the program ended after so many."""
        self._crashes = 1 if ran_seconds > STEADY_SECONDS else self._crashes + 1
        if self._crashes == 1:
            return self._first
        doublings = self._crashes - (1 if self._first else 2)
        return min(LONGEST_PAUSE_SECONDS, 2.0**doublings)


def describe_exit(code: int | None) -> str:
    """In words, for a message: how a program ended."""
    if code is None:
        return "still running"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def describe_pause(seconds: float) -> str:
    """In words: when it is started again."""
    return f"in {seconds:g} s" if seconds else "now"
