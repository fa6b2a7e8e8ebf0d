"""Tells Redis what changed, and how many look on, from a background thread.

News comes from threads that must not wait: request threads, job workers, the loop that serves
websockets. One lasting thread in each process tells it in ticks: what changed since the last one,
whatever the number of events, in one command. Of each event, and for each channel of an app above,
only the newest waits, also while Redis is out.
"""

import atexit
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from evently import purging
from evently.ids import new_id
from events.facts import EventStateChanged
from events.live.messages import channel_of, seats_text, viewers_channel_of, viewers_key_of

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.1
VIEWERS_EVERY_SECONDS = 1.0
TRY_AGAIN_SECONDS = 1.0
EXIT_PATIENCE_SECONDS = 4.0
# Each process says again how many look on through it; one that fell silent counts no more.
HEARTBEAT_SECONDS = 20.0
SILENCE_SECONDS = 50

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

# ARGV: channels, each followed by what is to be said there.
SAY = """
for i = 1, #ARGV, 2 do
    redis.call('PUBLISH', ARGV[i], ARGV[i + 1])
end
"""

# KEYS: the event's viewers by process. ARGV: the channel to tell, this process, seconds it is
# believed, its viewers. Tells the viewers of all processes that are believed still, by the clock of
# Redis.
TELL_VIEWERS = """
local now = tonumber(redis.call('TIME')[1])
if tonumber(ARGV[4]) > 0 then
    redis.call('HSET', KEYS[1], ARGV[2], ARGV[4] .. ':' .. (now + ARGV[3]))
    redis.call('EXPIRE', KEYS[1], ARGV[3])
else
    redis.call('HDEL', KEYS[1], ARGV[2])
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
redis.call('PUBLISH', ARGV[1], '{"type":"presence","viewers":' .. viewers .. '}')
"""


class Basket(Generic[Key, Value]):
    """What waits to be told, by event or channel; emptied at most once in `every` seconds."""

    def __init__(self, every: float) -> None:
        self.waiting: dict[Key, Value] = {}
        self._every = every
        self._next_at = 0.0

    def take(self, now: float) -> dict[Key, Value]:
        """All that waits, when it is time."""
        if not self.waiting or now < self._next_at:
            return {}
        taken, self.waiting = self.waiting, {}
        self._next_at = now + self._every
        return taken


class Newsroom(threading.Thread):
    """The background thread, and what waits for it."""

    def __init__(self) -> None:
        super().__init__(name="live-news", daemon=True)
        self._lock = threading.Lock()
        self._states: Basket[UUID, EventStateChanged] = Basket(TICK_SECONDS)
        self._texts: Basket[str, str] = Basket(TICK_SECONDS)
        self._viewers: Basket[UUID, None] = Basket(VIEWERS_EVERY_SECONDS)
        self._here: Counter[UUID] = Counter()
        self._next_beat_at = time.monotonic() + HEARTBEAT_SECONDS
        self._has_news = threading.Event()
        self._is_ending = threading.Event()
        self._redis_is_out = False
        self._me = new_id().hex

    def hear(self, state: EventStateChanged) -> None:
        """Tell this state soon, unless something newer waits."""
        with self._lock:
            waiting = self._states.waiting.get(state.event_id)
            if waiting is None or waiting.version < state.version:
                self._states.waiting[state.event_id] = state
        self._wake()

    def say(self, texts: Mapping[str, str]) -> None:
        """Say these texts soon, each on the channel that it is kept under."""
        with self._lock:
            self._texts.waiting.update(texts)
        self._wake()

    def count(self, event_id: UUID, change: int) -> None:
        """So many more, or less, look at the event through this process."""
        with self._lock:
            self._here[event_id] += change
            self._viewers.waiting[event_id] = None
        self._wake()

    def end(self) -> None:
        """Tell what is still to be told and end; waits for that, but not for ever."""
        self._is_ending.set()
        self._wake()
        self.join(EXIT_PATIENCE_SECONDS)

    def _wake(self) -> None:
        if not self._has_news.is_set():  # far cheaper to ask than to set
            self._has_news.set()

    def run(self) -> None:
        """Tell at once what comes after a pause, and then once in a tick."""
        with Redis.from_url(settings.REDIS_URL, **settings.REDIS_OPTIONS) as redis:
            while not self._is_ending.is_set():
                self._has_news.wait(self._patience())
                self._has_news.clear()
                self._tell(redis, time.monotonic())
                self._is_ending.wait(TRY_AGAIN_SECONDS if self._redis_is_out else TICK_SECONDS)
            for event_id in list(self._here):
                self.count(event_id, -self._here[event_id])
            self._tell(redis, float("inf"))

    def _patience(self) -> float | None:
        """For how many seconds nothing is to be done unless news comes."""
        if self._states.waiting or self._texts.waiting or self._viewers.waiting:
            return 0
        return max(0.0, self._next_beat_at - time.monotonic()) if self._here else None

    def _tell(self, redis: Redis, now: float) -> None:
        with self._lock:
            self._beat(now)
            states, texts = self._states.take(now), self._texts.take(now)
            viewers = {event_id: self._here[event_id] for event_id in self._viewers.take(now)}
            self._here = +self._here
        if not (states or texts or viewers):
            return
        try:
            self._send(redis, states, texts, viewers)
        except (RedisError, OSError) as error:
            self._put_back(states, texts, viewers)
            self._note_redis(error)
        else:
            self._note_redis(None)

    def _beat(self, now: float) -> None:
        if now >= self._next_beat_at:
            self._next_beat_at = now + HEARTBEAT_SECONDS
            self._viewers.waiting.update(dict.fromkeys(self._here))

    def _send(
        self,
        redis: Redis,
        states: dict[UUID, EventStateChanged],
        texts: dict[str, str],
        viewers: dict[UUID, int],
    ) -> None:
        """All of it in one round trip: to those who look on, and to caches of what they look at."""
        words: list[str | bytes] = [word for said in texts.items() for word in said]
        told: dict[str, purging.News] = {}
        for event_id, state in states.items():
            text = seats_text(state)
            words += channel_of(event_id), text
            told[purging.tag_of_event(event_id)] = purging.News(state.version, text.encode())
        if told:
            words += purging.NEWS_CHANNEL, purging.pack_news(told)
        with redis.pipeline(transaction=False) as pipeline:
            if words:
                pipeline.eval(SAY, 0, *words)
            for event_id, number in viewers.items():
                key, channel = viewers_key_of(event_id), viewers_channel_of(event_id)
                pipeline.eval(TELL_VIEWERS, 1, key, channel, self._me, SILENCE_SECONDS, number)
            pipeline.execute()

    def _put_back(
        self,
        states: dict[UUID, EventStateChanged],
        texts: dict[str, str],
        viewers: dict[UUID, int],
    ) -> None:
        for state in states.values():
            self.hear(state)
        with self._lock:
            self._texts.waiting = texts | self._texts.waiting
            self._viewers.waiting.update(dict.fromkeys(viewers))

    def _note_redis(self, error: Exception | None) -> None:
        if error and not self._redis_is_out:
            logger.warning("Redis is out, live news waits until it is back: %r", error)
        if self._redis_is_out and not error:
            logger.warning("Redis is back, live news goes out again")
        self._redis_is_out = error is not None


class Announcer:
    """The door to the newsroom, from any thread: never waits, opens it when it is first used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._room: Newsroom | None = None

    def announce(self, state: EventStateChanged) -> None:
        """Tell everybody who looks at the event, soon; subscribed to the fact in `events.apps`."""
        self._newsroom().hear(state)

    def say(self, texts: Mapping[str, str]) -> None:
        """Say these texts soon, by the channel of Redis that each is for; of two for one channel
        the later one is said."""
        self._newsroom().say(texts)

    def join(self, event_id: UUID) -> None:
        """Somebody begins to look at the event."""
        self._newsroom().count(event_id, 1)

    def leave(self, event_id: UUID) -> None:
        """Somebody who joined looks no more."""
        self._newsroom().count(event_id, -1)

    def close(self, **_signal: Any) -> None:
        """Send what is still to be sent and end the thread; waits for that, but not for ever."""
        with self._lock:
            room, self._room = self._room, None
        if room:
            room.end()

    def after_fork(self) -> None:
        """A child process has none of its parent's threads: it starts its own when it needs one."""
        self._lock = threading.Lock()
        self._room = None

    def _newsroom(self) -> Newsroom:
        with self._lock:
            if self._room is None:
                self._room = Newsroom()
                self._room.start()
            return self._room


announcer = Announcer()
atexit.register(announcer.close)
os.register_at_fork(after_in_child=announcer.after_fork)
