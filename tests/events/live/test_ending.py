"""The end of a process: the last news goes out, and no connection is left open."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
import redis
from django.conf import settings

from evently.dev.redis import Redis
from events import live
from events.live import newsroom
from tests.promises import within

PATIENCE_SECONDS = 5.0


@pytest.fixture
def _usual_pace(monkeypatch: pytest.MonkeyPatch, _fresh_announcer: None) -> None:
    monkeypatch.setattr(newsroom, "VIEWERS_EVERY_SECONDS", 1.0)


@pytest.mark.usefixtures("_usual_pace")
def test_who_looked_until_the_end_is_counted_no_more_at_once() -> None:
    event_id = uuid4()
    live.announcer.join(event_id)
    until(viewers_are_known)
    with within(0.5):
        live.announcer.close()
    assert not viewers_are_known()


@pytest.mark.usefixtures("_usual_pace")
def test_no_connection_is_left_open() -> None:
    before = connections()
    live.announcer.join(uuid4())
    until(viewers_are_known)
    room = live.announcer._room  # kept, so that nobody but its owner tidies up after it
    assert connections() > before
    live.announcer.close()
    until(lambda: connections() == before)
    assert room


def test_no_connection_is_left_open_when_redis_hangs(redis_that_dies: Redis) -> None:
    live.announcer.join(uuid4())
    until(viewers_are_known)
    room = live.announcer._room
    with hanging(redis_that_dies):
        live.announcer.join(uuid4())
        with within(newsroom.EXIT_PATIENCE_SECONDS):
            live.announcer.close()
    assert room
    assert not room.is_alive()
    until(lambda: connections() == 1)


@contextmanager
def hanging(server: Redis) -> Iterator[None]:
    """A server that takes what it is sent and says nothing."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def viewers_are_known() -> bool:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return bool(client.keys("evently:live:viewers:*"))


def connections() -> int:
    """How many Redis has, this question's included."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return len(client.client_list())


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
