"""A web process is killed in the middle of bookings: what it held is free for the next."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from redis import Redis as Client

from tests.live_server import PATIENCE_SECONDS, Answer, LiveEvently, Sale, eventually

PEOPLE = 6
LONGEST_LEASE_MS = 2_000


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEvently]:
    folder: Path = tmp_path_factory.mktemp("crashes")
    with LiveEvently(folder) as evently:
        yield evently


@contextmanager
def row_locked(live: LiveEvently, sale: Sale) -> Iterator[None]:
    """Whoever books waits for the event's row while the block runs."""
    with psycopg.connect(live.postgres.url) as connection:
        connection.execute("SELECT FROM events_event WHERE id = %s FOR UPDATE", [sale.event_id])
        yield


def left_of_locks(live: LiveEvently) -> list[int]:
    """Milliseconds that each booking lock has left."""
    with Client.from_url(live.redis.url) as redis:
        keys = list(redis.scan_iter("booking_lock:*", count=1000))
        return [redis.pttl(key) for key in keys]


def ask_until_judged(live: LiveEvently, sale: Sale, token: str, port: int) -> list[Answer]:
    """As a client does that repeats with its key, after the pause that it was told."""
    answers = [live.book(sale, token, port=port, key="one-and-the-same")]
    while answers[-1].code in {"booking-in-progress", "busy"}:
        assert len(answers) < PATIENCE_SECONDS
        threading.Event().wait(int(answers[-1].headers["retry-after"]))
        answers.append(live.book(sale, token, port=port, key="one-and-the-same"))
    return answers


def test_locks_of_a_killed_process_are_void(live: LiveEvently) -> None:
    """Its people go on with their key at another process, at once, and get one booking each."""
    [sale] = live.sales(1)
    people = sale.tokens[:PEOPLE]
    with live.another_web() as other, ThreadPoolExecutor(PEOPLE) as pool:
        with row_locked(live, sale):
            cut = [pool.submit(ask_quietly, live, sale, token) for token in people]
            eventually(lambda: left_of_locks(live), "somebody holds a lock and waits for the row")
            live.kill_web()
            assert [future.result() for future in cut] == [None] * PEOPLE
            assert max(left_of_locks(live), default=0) <= LONGEST_LEASE_MS
        asked: list[Future[list[Answer]]] = [
            pool.submit(ask_until_judged, live, sale, token, other.port) for token in people
        ]
        answers = [future.result() for future in asked]
    assert [each[-1].code for each in answers] == ["booked"] * PEOPLE
    assert live.booked_seats(sale) == PEOPLE
    assert left_of_locks(live) == []


def ask_quietly(live: LiveEvently, sale: Sale, token: str) -> Answer | None:
    """The answer, or None when the server died before it."""
    with suppress(OSError):
        return live.book(sale, token, key="one-and-the-same")
    return None
