"""A lasting pool of threads, and the bounded queue of the requests that wait for one."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from time import monotonic
from typing import TypeVar

from asgiref.typing import ASGIReceiveCallable
from django.conf import settings

from evently.gateway.metrics import THREADS, THREADS_BUSY, WAITING

Result = TypeVar("Result")

MOST_WAITING = 128
# One address must not fill the queue alone; many people may share one.
MOST_WAITING_OF_ONE = 48
LONGEST_WAIT_SECONDS = 4.0


class Full(Exception):
    """No thread came free in time, or too many wait for one. `reason` is for the metric."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HungUp(Exception):
    """The client closed the connection while its request waited."""


class Threads:
    """The threads, and the queue of what waits for them. Belongs to one event loop at a time."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.busy = 0
        self.executor = ThreadPoolExecutor(number, "django")
        self._queue: deque[asyncio.Future[None]] = deque()
        self._waiting_of: Counter[str] = Counter()
        self._full_since: float | None = None

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def full_seconds(self) -> float:
        """For how long no thread has been free; 0 while one is."""
        return 0.0 if self._full_since is None else monotonic() - self._full_since

    async def take(self, who: str, receive: ASGIReceiveCallable) -> None:
        """Take a thread, in order of arrival; `run` gives it back.

        Raises:
            Full: too many wait already, or waited too long.
            HungUp: the client left.
        """
        if self.busy < self.number:
            self._count(1)
            self._full_since = monotonic() if self.busy == self.number else None
            return
        if len(self._queue) >= MOST_WAITING or self._waiting_of[who] >= MOST_WAITING_OF_ONE:
            raise Full("queue-full")
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        self._waiting_of[who] += 1
        WAITING.inc()
        try:
            await self._wait(turn, receive)
        finally:
            WAITING.dec()
            self._waiting_of[who] -= 1
            if not self._waiting_of[who]:
                del self._waiting_of[who]

    async def _wait(self, turn: asyncio.Future[None], receive: ASGIReceiveCallable) -> None:
        leaving = asyncio.ensure_future(until_left(receive))
        is_served = has_left = False
        try:
            await asyncio.wait(
                {turn, leaving},
                timeout=LONGEST_WAIT_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            has_left = leaving.done()
            is_served = turn.done() and not has_left
        finally:
            leaving.cancel()
            if not is_served:
                self._give_up(turn)
        if not is_served:
            raise HungUp if has_left else Full("waited-too-long")

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        """Leave the queue, or pass on the thread that was given in this very instant."""
        if turn.done():
            self._release()
        else:
            self._queue.remove(turn)
            turn.cancel()

    async def run(self, call: Callable[[], Result], *, until: float) -> asyncio.Future[Result]:
        """Call it in the thread that was taken, and wait until it is done, or until that instant.

        A call that is not done by then goes on; its thread is free when it returns.
        """
        done = asyncio.get_running_loop().run_in_executor(self.executor, call)
        done.add_done_callback(lambda _: self._release())
        await asyncio.wait({done}, timeout=max(0.0, until - monotonic()))
        return done

    def _release(self) -> None:
        """Give the thread to the one who waits longest."""
        if self._queue:
            self._queue.popleft().set_result(None)
        else:
            self._full_since = None
            self._count(-1)

    def _count(self, change: int) -> None:
        self.busy += change
        THREADS_BUSY.inc(change)


@cache
def django_threads() -> Threads:
    """Those of this process."""
    threads = Threads(settings.WEB_THREADS)
    THREADS.set(threads.number)
    return threads


async def until_left(receive: ASGIReceiveCallable) -> None:
    """Returns when the client has hung up."""
    message = await receive()
    if message["type"] != "http.disconnect":
        await asyncio.Future()
