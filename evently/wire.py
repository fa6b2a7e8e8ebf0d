"""The wire: hears channels of Redis, all of them through one connection for each event loop.

While the line is down, what others publish is lost to this process: `is_up` says whether it stands,
and `on_return` tells when it stands again.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine
from typing import Any

from django.conf import settings
from redis.asyncio import Connection, ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

CONNECT_PATIENCE_SECONDS = 2.0
# A line is idle for long. Redis is asked so often whether it is there; no answer means it is not.
PING_EVERY_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0

_wires: dict[asyncio.AbstractEventLoop, "Wire"] = {}


def the_wire() -> "Wire":
    """The wire of the running event loop."""
    loop = asyncio.get_running_loop()
    return _wires.get(loop) or Wire(loop)


class Wire:
    """Made by `the_wire`; lives until its event loop cancels what runs, as `asyncio.run` does."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._hearers: dict[str, dict[object, Callable[[bytes], None]]] = {}
        # Channels that Redis was asked for on this line, and those that it confirmed.
        self._asked: set[str] = set()
        self._confirmed: set[str] = set()
        self._answers: dict[str, asyncio.Event] = {}
        # Channels whose hearers came or went: to be compared with what Redis was asked for.
        self._changed: set[str] = set()
        self._has_changes = asyncio.Event()
        self._returns: list[Callable[[], None]] = []
        self._is_up = False
        self._is_out = False
        self._has_heard = False
        self._pause = FIRST_PAUSE_SECONDS
        _wires[loop] = self
        self._life = loop.create_task(self._live(), name="wire")
        self._life.add_done_callback(lambda _: _wires.pop(loop))

    @property
    def is_up(self) -> bool:
        """Whether all that is published from now on will be heard."""
        return self._is_up

    def on_return(self, callback: Callable[[], None]) -> None:
        """Call this each time the line is back after a gap: something may have been missed."""
        self._returns.append(callback)

    async def listen(self, channel: str, hear: Callable[[bytes], None]) -> Callable[[], None]:
        """Hear all that is published on the channel from the moment this returns.

        While Redis is out it returns at once, and the channel is heard when the line is back.

        Args:
            hear: called with each payload in the event loop; must not block.

        Returns:
            What ends it; calling that twice is the same as once.
        """
        me = object()

        def stop() -> None:
            self._drop(channel, me)

        self._hearers.setdefault(channel, {})[me] = hear
        self._note_change(channel)
        try:
            if not (self._is_out or channel in self._confirmed):
                await self._answers.setdefault(channel, asyncio.Event()).wait()
        except asyncio.CancelledError:
            stop()
            raise
        return stop

    def _drop(self, channel: str, hearer: object) -> None:
        hearers = self._hearers.get(channel, {})
        if hearers.pop(hearer, None) and not hearers:
            del self._hearers[channel]
            self._note_change(channel)

    def _note_change(self, channel: str) -> None:
        self._changed.add(channel)
        self._has_changes.set()

    async def _live(self) -> None:
        while True:
            await self._hold_a_line()
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    async def _hold_a_line(self) -> None:
        """Connect, and hear until the line is lost."""
        options: dict[str, Any] = {"socket_timeout": None, "retry": Retry(NoBackoff(), 0)}
        pool = ConnectionPool.from_url(settings.REDIS_URL, protocol=2, **options)
        line: Connection = pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(CONNECT_PATIENCE_SECONDS):
                await line.connect()  # type: ignore[no-untyped-call]
            await _until_one_fails(self._hear(line), self._ask(line), self._ping(line))
        except (RedisError, OSError) as error:
            self._go_down(error)
        finally:
            await line.disconnect(nowait=True)

    async def _hear(self, line: Connection) -> None:
        while True:
            answer = await line.read_response(timeout=math.inf)
            self._has_heard = True
            match answer:
                case [b"message", channel, payload]:
                    self._deliver(channel.decode(), payload)
                case [b"subscribe", channel, _]:
                    self._confirm(channel.decode())

    async def _ask(self, line: Connection) -> None:
        """Ask Redis for the channels that somebody hears, and for no others."""
        self._changed.update(self._hearers)
        while True:
            wanted, unwanted = self._take_changes()
            if wanted:
                await line.send_command("SUBSCRIBE", *wanted)
            if unwanted:
                await line.send_command("UNSUBSCRIBE", *unwanted)
            self._note_if_up()
            await self._has_changes.wait()

    def _take_changes(self) -> tuple[set[str], set[str]]:
        """What is to be asked for now, and what is to be given up.

        A channel is given up only once it is confirmed, so that of several confirmations for one
        channel none can be taken for another.
        """
        changed, self._changed = self._changed, set()
        self._has_changes.clear()
        wanted = (changed & self._hearers.keys()) - self._asked
        unwanted = (changed - self._hearers.keys()) & self._confirmed
        self._asked |= wanted
        self._asked -= unwanted
        self._confirmed -= unwanted
        return wanted, unwanted

    async def _ping(self, line: Connection) -> None:
        while True:
            self._has_heard = False
            await line.send_command("PING")
            await asyncio.sleep(PING_EVERY_SECONDS)
            if not self._has_heard:
                raise TimeoutError("Redis does not answer.")

    def _deliver(self, channel: str, payload: bytes) -> None:
        for hear in tuple(self._hearers.get(channel, {}).values()):
            _call(hear, payload)

    def _confirm(self, channel: str) -> None:
        self._confirmed.add(channel)
        if answer := self._answers.pop(channel, None):
            answer.set()
        if channel not in self._hearers:
            self._note_change(channel)
        self._note_if_up()

    def _note_if_up(self) -> None:
        """The line is up, and back only when what was heard before the gap is heard again."""
        is_complete = self._asked == self._confirmed and not self._changed
        if self._is_up or (self._is_out and not is_complete):
            return
        self._is_up = True
        if self._is_out:
            self._is_out, self._pause = False, FIRST_PAUSE_SECONDS
            logger.warning("Redis is back, its channels are heard again")
            for callback in self._returns:
                _call(callback)

    def _go_down(self, error: Exception) -> None:
        if not self._is_out:
            logger.warning("Redis is out, its channels are not heard until it is back: %r", error)
        self._is_up, self._is_out = False, True
        self._asked.clear()
        self._confirmed.clear()
        for answer in self._answers.values():
            answer.set()
        self._answers.clear()


async def _until_one_fails(*jobs: Coroutine[Any, Any, None]) -> None:
    """Do endless jobs, and end them all when one fails.

    A task group would forget, before Python 3.13, that it is cancelled in the instant in which one
    of its tasks fails (python/cpython#116720): the end of the loop would wait for ever.
    """
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        failed, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        failed.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _call(callback: Callable[..., None], *args: bytes) -> None:
    """One listener's failure does not hurt the others."""
    try:
        callback(*args)
    except Exception:
        logger.exception("A listener failed")
