"""The parent of the server processes: it holds the listening socket and replaces those that die.

The application is loaded once, in the parent, and each process is a fork of it: a new one serves
after some hundredths of a second, where loading takes seconds.
"""

import faulthandler
import logging
import mmap
import multiprocessing
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection
from types import FrameType

from prometheus_client.multiprocess import mark_process_dead

from evently.figures import SHARED_FOLDER
from evently.restarts import Backoff, describe_exit, describe_pause

logger = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# An event loop that stands still for so long serves nobody.
HANG_SECONDS = 30.0
TICK_SECONDS = 1.0
# How late the parent itself may be before it takes the silence of others for its own sleep.
LATE_SECONDS = 5.0
LAST_WORDS_SECONDS = 5.0


class Pulse:
    """Where a process leaves the time at which its event loop last turned, for its parent."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8)
        self._parent = os.getpid()
        self.beat()

    def beat(self) -> None:
        struct.pack_into("d", self._memory, 0, time.monotonic())

    @property
    def age(self) -> float:
        """Seconds since the last beat."""
        (last,) = struct.unpack_from("d", self._memory)
        return time.monotonic() - float(last)

    @property
    def is_orphan(self) -> bool:
        """Whether the parent of the process that asks is gone."""
        return os.getppid() != self._parent


Serve = Callable[[Pulse], None]


class WebProcess:
    """One place among the server processes, and who fills it at present."""

    def __init__(self, serve: Serve, hang_seconds: float) -> None:
        self._serve = serve
        self._hang_seconds = hang_seconds
        self._backoff = Backoff(first=0)
        self._due_at: float | None = None
        self.start()

    def start(self) -> None:
        self._due_at = None
        self._started_at = time.monotonic()
        self._is_told_to_abort = False
        self.pulse = Pulse()
        self.process = multiprocessing.get_context("fork").Process(
            target=_become, args=(self._serve, self.pulse)
        )
        self.process.start()

    def tend(self, now: float) -> None:
        """Look after it; `now` in seconds of the monotonic clock."""
        if self._due_at is not None:
            if now >= self._due_at:
                self.start()
        elif not self.process.is_alive():
            self._note_crash(now)
        elif self.pulse.age > self._hang_seconds:
            self._end_hanging()

    def _note_crash(self, now: float) -> None:
        pause = self._backoff.pause_after(now - self._started_at)
        self._due_at = now + pause
        how = describe_exit(self.process.exitcode)
        logger.error(
            "Web process %d ended unexpectedly (%s); starting another %s",
            self.process.pid,
            how,
            describe_pause(pause),
        )
        if SHARED_FOLDER in os.environ:
            mark_process_dead(self.process.pid)  # type: ignore[no-untyped-call]
        self.process.close()
        if not pause:
            self.start()

    def _end_hanging(self) -> None:
        """First so that it can say where it hangs, then without asking."""
        if self._is_told_to_abort:
            self.process.kill()
            return
        logger.error(
            "Web process %d has answered nobody for %g s; ending it",
            self.process.pid,
            self._hang_seconds,
        )
        self._is_told_to_abort = True
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGABRT)

    @property
    def is_waiting(self) -> bool:
        """Whether nobody fills the place, until the pause after a crash is over."""
        return self._due_at is not None


class WebProcesses:
    """Keeps server processes running until a signal says stop.

    Args:
        listener: closed by the parent once it stops.
        serve: what each process does with its pulse, until SIGTERM.
        drain_seconds: how long they may go on then.
    """

    def __init__(
        self,
        listener: socket.socket,
        serve: Serve,
        *,
        number: int,
        drain_seconds: float,
        hang_seconds: float = HANG_SECONDS,
    ) -> None:
        self._listener = listener
        self._serve = serve
        self._number = number
        self._drain_seconds = drain_seconds
        self._hang_seconds = hang_seconds
        self._signals = 0

    def run(self) -> None:
        with self._woken_by_signals() as wake:
            self._all = [WebProcess(self._serve, self._hang_seconds) for _ in range(self._number)]
            last_look = time.monotonic()
            while not self._signals:
                busy = [each.process.sentinel for each in self._all if not each.is_waiting]
                connection.wait([wake, *busy], TICK_SECONDS)
                now = time.monotonic()
                if now - last_look > LATE_SECONDS:
                    self._forgive()
                last_look = now
                for each in self._all:
                    each.tend(now)
            self._stop()

    def _forgive(self) -> None:
        """All of us were stopped, such as by Ctrl-Z: nobody hung."""
        for each in self._all:
            each.pulse.beat()

    def _stop(self) -> None:
        self._listener.close()
        running = [each.process for each in self._all if not each.is_waiting]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + self._drain_seconds + LAST_WORDS_SECONDS
        for process in running:
            while process.is_alive() and time.monotonic() < deadline and self._signals < 2:
                process.join(0.1)
            process.kill()
            process.join()

    @contextmanager
    def _woken_by_signals(self) -> Iterator[socket.socket]:
        wake, alarm = socket.socketpair()
        alarm.setblocking(False)
        before = {number: signal.signal(number, self._on_signal) for number in STOP_SIGNALS}
        signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
        with wake, alarm:
            try:
                yield wake
            finally:
                signal.set_wakeup_fd(-1)
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1


def _become(serve: Serve, pulse: Pulse) -> None:
    """What a process does from its fork to its end."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The server, once drained, raises the signal again that stopped it: leave in good order then.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    faulthandler.enable()
    try:
        with suppress(KeyboardInterrupt):
            serve(pulse)
    finally:
        logging.shutdown()
