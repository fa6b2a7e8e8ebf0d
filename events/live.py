"""Live news of events for everybody who looks at them, through Redis to all server processes.

News comes from threads that must not wait: request threads, job workers, the loop that serves
websockets. One lasting background thread in each process takes it, keeps only the newest for each
event, and sends it to the event's group of the channel layer at a bounded rate. While Redis is out
news is dropped, not queued: it is a hint with a version, and whoever reconnects gets a snapshot.
"""

import asyncio
import atexit
import logging
import os
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from channels.layers import get_channel_layer
from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from evently.ids import new_id
from events.facts import EventStateChanged

logger = logging.getLogger(__name__)

STATE_EVERY_SECONDS = 0.1
VIEWERS_EVERY_SECONDS = 1.0
SEND_PATIENCE_SECONDS = 2.0
EXIT_PATIENCE_SECONDS = 2.0
# Each process says again how many look on through it; one that fell silent counts no more.
HEARTBEAT_SECONDS = 20.0
SILENCE_SECONDS = 50
PARALLEL_SENDS = 4

Value = TypeVar("Value")

# KEYS: the event's viewers by process. ARGV: this process, its viewers, seconds it is believed.
# Answers with the viewers of all processes that are believed still, by the clock of Redis.
COUNT_VIEWERS = """
local now = tonumber(redis.call('TIME')[1])
if tonumber(ARGV[2]) > 0 then
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. (now + ARGV[3]))
    redis.call('EXPIRE', KEYS[1], ARGV[3])
else
    redis.call('HDEL', KEYS[1], ARGV[1])
end
local viewers = 0
local entries = redis.call('HGETALL', KEYS[1])
for i = 1, #entries, 2 do
    local count, believed_until = entries[i + 1]:match('(%d+):(%d+)')
    if tonumber(believed_until) < now then
        redis.call('HDEL', KEYS[1], entries[i])
    else
        viewers = viewers + count
    end
end
return viewers
"""


def group_of(event_id: UUID) -> str:
    """The channel layer's group of everybody who looks at this event."""
    return f"event.{event_id.hex}"


def viewers_group_of(event_id: UUID) -> str:
    """The group of those who also hear how many look: a list of events need not."""
    return f"{group_of(event_id)}.viewers"


def seats_message(state: EventStateChanged) -> dict[str, Any]:
    """What a websocket says about an event's seats and its sale.

    The price is a decimal string, instants are ISO 8601 in UTC, or None: see `Event`.
    """
    return {
        "type": "seats",
        "event_id": str(state.event_id),
        "available_seats": state.available_seats,
        "capacity": state.capacity,
        "price": f"{state.price:.2f}",
        "status": state.status,
        "version": state.version,
        "ends_at": state.ends_at.isoformat(),
        "sales_start_at": _iso(state.sales_start_at),
        "sales_end_at": _iso(state.sales_end_at),
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


class Coalescer(Generic[Value]):
    """Does a job for each key at most once in `interval` seconds, with the newest value put in.

    Belongs to one event loop. The last value put in is always done.
    """

    def __init__(self, interval: float, job: Callable[[UUID, Value], Awaitable[None]]) -> None:
        self._interval = interval
        self._job = job
        self._waiting: dict[UUID, Value] = {}
        self._workers: dict[UUID, asyncio.Task[None]] = {}
        self._is_ending = asyncio.Event()

    def put(self, key: UUID, value: Value) -> None:
        self._waiting[key] = value
        if key not in self._workers:
            self._workers[key] = asyncio.create_task(self._work(key))

    def waiting(self, key: UUID) -> Value | None:
        """What was put in and is not done yet."""
        return self._waiting.get(key)

    async def finish(self) -> None:
        """Do what is still to be done, now and without pauses."""
        self._is_ending.set()
        await asyncio.gather(*self._workers.values())

    async def _work(self, key: UUID) -> None:
        try:
            while key in self._waiting:
                await self._job(key, self._waiting.pop(key))
                await self._pause()
        finally:
            del self._workers[key]

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._interval):
                await self._is_ending.wait()


class Newsroom:
    """The background thread's own side: everything here runs in its event loop."""

    def __init__(self) -> None:
        self._states = Coalescer(STATE_EVERY_SECONDS, self._send_state)
        self._viewers = Coalescer(VIEWERS_EVERY_SECONDS, self._send_viewers)
        self._here: Counter[UUID] = Counter()
        self._me = new_id().hex
        self._turns = asyncio.Semaphore(PARALLEL_SENDS)
        self._redis: Redis | None = None
        self._heart: asyncio.Task[None] | None = None
        self._redis_is_out = False

    def hear(self, state: EventStateChanged) -> None:
        """Tell everybody, unless something newer is about to be told."""
        waiting = self._states.waiting(state.event_id)
        if waiting is None or waiting.version < state.version:
            self._states.put(state.event_id, state)

    def count(self, event_id: UUID, change: int) -> None:
        """One more or one less looks at the event through this process."""
        self._here[event_id] += change
        if not self._here[event_id]:
            del self._here[event_id]
        self._viewers.put(event_id, None)
        if self._heart is None:
            self._heart = asyncio.create_task(self._beat())

    async def finish(self) -> None:
        """Tell what is still to be told, within `EXIT_PATIENCE_SECONDS`, and hang up.

        Nobody looks on through this process any more.
        """
        for event_id in list(self._here):
            self.count(event_id, -self._here[event_id])
        if self._heart:
            self._heart.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(EXIT_PATIENCE_SECONDS):
                await asyncio.gather(self._states.finish(), self._viewers.finish())
        if self._redis:
            await self._redis.aclose()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            for event_id in self._here:
                self._viewers.put(event_id, None)

    async def _send_state(self, event_id: UUID, state: EventStateChanged) -> None:
        await self._send(group_of(event_id), "seats.changed", lambda: _result(seats_message(state)))

    async def _send_viewers(self, event_id: UUID, _: None) -> None:
        async def message() -> dict[str, Any]:
            return {"type": "presence", "viewers": await self._count_viewers(event_id)}

        await self._send(viewers_group_of(event_id), "viewers.changed", message)

    async def _count_viewers(self, event_id: UUID) -> int:
        self._redis = self._redis or Redis.from_url(settings.REDIS_URL)
        return int(
            await self._redis.eval(
                COUNT_VIEWERS,
                1,
                f"evently:live:viewers:{event_id.hex}",
                self._me,
                str(self._here[event_id]),
                str(SILENCE_SECONDS),
            )
        )

    async def _send(
        self, group: str, kind: str, message: Callable[[], Awaitable[dict[str, Any]]]
    ) -> None:
        try:
            async with self._turns, asyncio.timeout(SEND_PATIENCE_SECONDS):
                news = {"type": kind, "message": await message()}
                await get_channel_layer().group_send(group, news)
        except (RedisError, OSError) as error:
            self._note_redis(out=True, error=error)
        else:
            self._note_redis(out=False)

    def _note_redis(self, *, out: bool, error: Exception | None = None) -> None:
        if out and not self._redis_is_out:
            logger.warning("Redis is out, live news is dropped until it is back: %r", error)
        if self._redis_is_out and not out:
            logger.warning("Redis is back, live news goes out again")
        self._redis_is_out = out


async def _result(message: dict[str, Any]) -> dict[str, Any]:
    return message


class Announcer:
    """The door to the newsroom, from any thread: never waits, starts the thread when first used."""

    def __init__(self) -> None:
        self._forget()

    def announce(self, state: EventStateChanged) -> None:
        """Tell everybody who looks at the event, soon; subscribed to the fact in `events.apps`."""
        self._do(lambda room: room.hear(state))

    def join(self, event_id: UUID) -> None:
        """Somebody begins to look at the event."""
        self._do(lambda room: room.count(event_id, 1))

    def leave(self, event_id: UUID) -> None:
        """Somebody who joined looks no more."""
        self._do(lambda room: room.count(event_id, -1))

    def close(self, **_signal: Any) -> None:
        """Send what is still to be sent and end the thread; waits for that, but not for ever."""
        with self._lock:
            thread, loop = self._thread, self._loop
            self._forget()
        if thread and loop:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(2 * EXIT_PATIENCE_SECONDS)

    def after_fork(self) -> None:
        """A child process has none of its parent's threads: it starts its own when it needs one."""
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room: Newsroom | None = None

    def _do(self, step: Callable[[Newsroom], None]) -> None:
        with self._lock:
            if self._loop is None or self._room is None:
                self._loop, self._room = asyncio.new_event_loop(), Newsroom()
                self._thread = threading.Thread(
                    target=_run, args=(self._loop, self._room), name="live-news", daemon=True
                )
                self._thread.start()
            self._loop.call_soon_threadsafe(step, self._room)


def _run(loop: asyncio.AbstractEventLoop, room: Newsroom) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.run_until_complete(room.finish())
    loop.close()


announcer = Announcer()
atexit.register(announcer.close)
os.register_at_fork(after_in_child=announcer.after_fork)
