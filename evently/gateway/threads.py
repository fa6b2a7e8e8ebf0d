"""A lasting pool of threads, and the bounded queue of the requests that wait for one."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from time import monotonic
from typing import TypeVar

from asgiref.typing import ASGIReceiveCallable
from django.conf import settings

from evently.gateway.metrics import THREADS, THREADS_BUSY, WAITING

Result = TypeVar("Result")

# As many as are answered within the longest wait. Half of them may come from one address, which an
# office or a school shares.
MOST_WAITING = 512
MOST_WAITING_OF_ONE = 256
LONGEST_WAIT_SECONDS = 4.0


class Full(Exception):
    """No thread came free in time, or too many wait for one. `reason` is for the metric."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HungUp(Exception):
    """The client closed the connection while its request waited."""


class Threads:
    """The threads, and the queue of what waits for them. Belongs to one event loop at a time.

    Addresses take turns, and requests of one address are served in order of arrival: however many
    wait from one address, those of another wait for one of them at a time.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.busy = 0
        self.executor = ThreadPoolExecutor(number, "django")
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}  # the next address first
        self.waiting = 0
        self._full_since: float | None = None

    @property
    def full_seconds(self) -> float:
        """For how long no thread has been free; 0 while one is."""
        return 0.0 if self._full_since is None else monotonic() - self._full_since

    async def take(self, who: str, receive: ASGIReceiveCallable) -> None:
        """Take a thread, when it is this request's turn; `run` gives it back.

        Args:
            who: stands for the client's address.

        Raises:
            Full: too many wait already, or waited too long.
            HungUp: the client left.
        """
        if self.busy < self.number:
            self._count(1)
            self._full_since = monotonic() if self.busy == self.number else None
            return
        if self.waiting >= MOST_WAITING or len(self._queues.get(who, ())) >= MOST_WAITING_OF_ONE:
            raise Full("queue-full")
        turn = asyncio.get_running_loop().create_future()
        self._queues.setdefault(who, deque()).append(turn)
        self._note_waiting(1)
        await self._wait(who, turn, receive)

    async def _wait(
        self, who: str, turn: asyncio.Future[None], receive: ASGIReceiveCallable
    ) -> None:
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
                self._give_up(who, turn)
        if not is_served:
            raise HungUp if has_left else Full("waited-too-long")

    def _give_up(self, who: str, turn: asyncio.Future[None]) -> None:
        """Leave the queue, or pass on the thread that was given in this very instant."""
        if turn.done():
            self._release()
        else:
            self._queues[who].remove(turn)
            if not self._queues[who]:
                del self._queues[who]
            self._note_waiting(-1)
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
        """Give the thread to whoever waits longest of the address whose turn it is."""
        if not self._queues:
            self._full_since = None
            self._count(-1)
            return
        who = next(iter(self._queues))
        queue = self._queues.pop(who)
        queue.popleft().set_result(None)
        if queue:
            self._queues[who] = queue  # behind all others
        self._note_waiting(-1)

    def _note_waiting(self, change: int) -> None:
        self.waiting += change
        WAITING.inc(change)

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
