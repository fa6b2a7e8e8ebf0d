"""Parts that fail in the middle of a sale: nothing is sold twice, and nobody has to mend by hand.

Against a real `manage.py serve` with a PostgreSQL and a Redis of its own.
"""

import os
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from redis import Redis as Client

from tests.live_server import BUYERS, SEATS, Answer, LiveEvently, Sale, Web, eventually
from tests.promises import SLOW_MACHINE
from tests.thorough import so_many

pytestmark = pytest.mark.long
LINES = 8


@pytest.fixture(scope="module")
def evently(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEvently]:
    folder: Path = tmp_path_factory.mktemp("evently")
    with LiveEvently(folder) as live:
        yield live


@pytest.fixture(scope="module")
def sales(evently: LiveEvently) -> Iterator[Sale]:
    return iter(evently.sales(20))


@pytest.fixture
def sale(sales: Iterator[Sale]) -> Sale:
    """One that nobody has bought from yet."""
    return next(sales)


@pytest.fixture
def live(evently: LiveEvently) -> LiveEvently:
    """All of it running, whatever the test before has stopped."""
    evently.heal()
    return evently


def rush(
    live: LiveEvently, sale: Sale, *, midway: Callable[[], None], port: int | None = None
) -> list[Answer]:
    """Everybody books, a few at a time; after a quarter of the answers `midway` happens."""
    answers = []
    with ThreadPoolExecutor(LINES) as pool:
        asked = [pool.submit(live.book, sale, token, port=port) for token in sale.tokens]
        for place, done in enumerate(as_completed(asked)):
            if place == len(asked) // 4:
                midway()
            answers.append(done.result())
    return answers


def codes(answers: list[Answer]) -> Counter[str]:
    return Counter(answer.code for answer in answers)


def adds_up(live: LiveEvently, sale: Sale) -> bool:
    return live.free_seats(sale) + live.booked_seats(sale) == SEATS


# --- Redis --------------------------------------------------------------------------------------


def stop_redis(live: LiveEvently) -> None:
    live.redis.stop()


def hang_redis(live: LiveEvently) -> None:
    os.kill(live.redis.pid, signal.SIGSTOP)


def start_redis(live: LiveEvently) -> None:
    live.redis.start()


def wake_redis(live: LiveEvently) -> None:
    os.kill(live.redis.pid, signal.SIGCONT)


# How long a booking may take without Redis, in seconds: refused connections cost nothing, one that
# hangs costs the two time-outs of half a second each, for taking the lock and for giving it back.
@pytest.mark.parametrize(
    ("fail", "recover", "patience"),
    [(stop_redis, start_redis, 1.0), (hang_redis, wake_redis, 3.0)],
    ids=["stopped", "hanging"],
)
def test_a_sale_goes_on_without_redis(
    live: LiveEvently,
    sale: Sale,
    sales: Iterator[Sale],
    fail: Callable[[LiveEvently], None],
    recover: Callable[[LiveEvently], None],
    patience: float,
) -> None:
    skipped = live.metric("evently_booking_locks_skipped_total")
    try:
        answers = rush(live, sale, midway=lambda: fail(live))
        assert codes(answers) == {"booked": SEATS, "sold-out": BUYERS - SEATS}
        assert adds_up(live, sale)
        assert max(answer.seconds for answer in answers) < patience
        assert live.metric("evently_booking_locks_skipped_total") > skipped
        ready = live.ask("/health/ready")
        assert (ready.status, ready.json["status"]) == (200, "degraded")
        assert "redis" not in live.parts()
        assert live.ask("/").status == 200
    finally:
        recover(live)
    eventually(lambda: live.parts() >= {"database", "redis"}, "Redis is used again")
    next_sale = next(sales)
    buyers = iter(next_sale.tokens)
    eventually(lambda: is_booked_with_a_lock(live, next_sale, next(buyers)), "locks are used again")


def is_booked_with_a_lock(live: LiveEvently, sale: Sale, buyer: str) -> bool:
    skipped = live.metric("evently_booking_locks_skipped_total")
    assert live.book(sale, buyer).code == "booked"
    return live.metric("evently_booking_locks_skipped_total") == skipped


def test_a_rush_goes_on_while_redis_is_flushed_stopped_and_started(
    live: LiveEvently, sale: Sale
) -> None:
    """With limits on: they are open while they cannot be asked, and say so."""
    wide = {f"RATE_LIMIT_{tier}": "1000000" for tier in ("GLOBAL", "ADDRESS")}
    with live.another_web(RATE_LIMITS="on", **wide) as web:

        def flush_and_stop() -> None:
            Client.from_url(live.redis.url).flushall()
            live.redis.stop()

        answers = rush(live, sale, midway=flush_and_stop, port=web.port)
        skipped = live.metric("evently_rate_limit_skipped_total", port=web.port)
        live.redis.start()
        eventually(
            lambda: "ratelimit-limit" in live.ask("/api/v1/events", port=web.port).headers,
            "limits are asked again",
        )
    assert codes(answers) == {"booked": SEATS, "sold-out": BUYERS - SEATS}
    assert adds_up(live, sale)
    assert skipped > 0


def test_an_event_is_cancelled_without_a_broker_and_without_waiting(
    live: LiveEvently, sale: Sale
) -> None:
    organiser, buyer, *_ = sale.tokens
    assert live.book(sale, buyer).code == "booked"
    live.redis.stop()
    cancelled = live.ask(f"/api/v1/events/{sale.event_id}/cancel", token=organiser, body={})
    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    assert cancelled.seconds < SLOW_MACHINE  # each question to Redis waits for half a second


# --- PostgreSQL ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fail", ["stop", "kill"])
def test_without_the_database_all_say_busy_and_it_recovers_by_itself(
    live: LiveEvently, sale: Sale, sales: Iterator[Sale], fail: str
) -> None:
    seen = codes(rush(live, sale, midway=getattr(live.postgres, fail)))
    assert seen.keys() == {"booked", "busy"}

    refused = live.book(sale, sale.tokens[0])
    assert (refused.status, refused.headers["content-type"]) == (503, "application/problem+json")
    assert int(refused.headers["retry-after"]) > 0
    page = live.ask("/")
    assert (page.status, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert int(page.headers["retry-after"]) > 0
    ready = live.ask("/health/ready")
    assert (ready.status, ready.json["status"]) == (503, "down")
    assert live.ask("/health/live").status == 200
    assert live.ask("/metrics").status == 200

    live.postgres.start()
    assert live.ask("/health/ready").status == 200
    # What was acknowledged is there. A commit whose answer was lost may be there as well.
    assert seen["booked"] <= live.booked_seats(sale) <= seen["booked"] + LINES
    assert adds_up(live, sale)
    late = rush(live, next(sales), midway=lambda: None)
    assert codes(late) == {"booked": SEATS, "sold-out": BUYERS - SEATS}


# --- The web server -----------------------------------------------------------------------------

# What the test holds locked, so that a booking is caught just before it can do the next thing.
CAUGHT = {
    "before it takes the seat": ("SELECT 1 FROM events_event FOR UPDATE", 0),
    "between seat and booking": ("LOCK TABLE bookings_booking IN SHARE MODE", 0),
    "in its commit": ("SELECT 1 FROM accounts_user FOR UPDATE", 1),
}


@contextmanager
def locked(live: LiveEvently, statement: str) -> Iterator[None]:
    with psycopg.connect(live.postgres.url) as connection:
        connection.execute(statement.encode())
        yield


@pytest.mark.parametrize("instant", CAUGHT)
def test_a_server_killed_in_mid_booking_leaves_the_seat_booked_or_free(
    live: LiveEvently, sale: Sale, instant: str
) -> None:
    """The commit that PostgreSQL has begun is finished; whatever comes earlier is undone."""
    statement, booked = CAUGHT[instant]
    with ThreadPoolExecutor(1) as pool:
        with locked(live, statement):
            asked = pool.submit(live.book, sale, sale.tokens[0])
            eventually(live.is_somebody_blocked, "the booking is caught")
            live.kill_web()
        assert isinstance(asked.exception(), OSError)
    live.start_web()
    eventually(lambda: not live.is_somebody_blocked(), "the locks are gone")
    assert live.booked_seats(sale) == booked
    assert adds_up(live, sale)
    assert live.book(sale, sale.tokens[1]).code == "booked"


def test_a_server_killed_in_the_rush_keeps_what_it_acknowledged(
    live: LiveEvently, sale: Sale
) -> None:
    acknowledged = 0
    with ThreadPoolExecutor(LINES) as pool:
        asked = [pool.submit(live.book, sale, token) for token in sale.tokens]
        for place, done in enumerate(as_completed(asked)):
            if place == 20:
                live.kill_web()
            if done.exception() is None:
                acknowledged += done.result().status == 201
    live.start_web()
    assert 20 <= acknowledged <= live.booked_seats(sale) <= acknowledged + LINES
    assert adds_up(live, sale)


def test_a_server_that_is_told_to_stop_answers_what_is_under_way(
    live: LiveEvently, sale: Sale
) -> None:
    """At the lane and at Django's door, while somebody holds the event's row."""
    with live.another_web() as second, ThreadPoolExecutor(LINES + 1) as pool:
        with psycopg.connect(live.postgres.url) as holder:
            holder.execute(b"SELECT FROM events_event WHERE id = %s FOR UPDATE", (sale.event_id,))
            asked = [
                pool.submit(live.book, sale, token, port=second.port)
                for token in sale.tokens[:LINES]
            ]
            eventually(live.is_somebody_blocked, "the bookings wait for the row")
            stopping = pool.submit(second.stop)
            eventually(lambda: is_refused(second), "nobody new is let in")
        answers = [each.result() for each in asked]
        stopping.result()
    assert codes(answers) == {"booked": LINES}
    assert live.booked_seats(sale) == LINES


def is_refused(web: Web) -> bool:
    try:
        socket.create_connection(("127.0.0.1", web.port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


# --- A rush -------------------------------------------------------------------------------------


def test_two_hundred_at_once_for_ten_seats(live: LiveEvently) -> None:
    """Everybody has an answer, ten have a seat, and nobody sees an error page."""
    report = live.manage(
        "prove_no_oversell",
        *("--url", live.url, "--buyers", "200", "--seats", "10", "--processes", "4"),
    )
    assert "confirmed   10 " in report
    assert "refused     190 sold-out" in report
    assert "busy        0" in report
    assert "failed      0" in report
    assert report.endswith("PASS\n")
    assert "drift           0 seats" in live.manage("audit_inventory")


# --- Two servers, one of which dies again and again -----------------------------------------------


KILLS = so_many(2, 5)
RUSH_SECONDS = so_many(30, 60)


def bookings_made(live: LiveEvently) -> int:
    return live.query("SELECT count(*) FROM bookings_booking")


def test_two_servers_keep_every_promise_while_one_is_killed_again_and_again(
    live: LiveEvently,
) -> None:
    with live.another_web() as second, ThreadPoolExecutor(1) as pool:
        rush = "prove_no_oversell --outages --processes 4 --buyers 200 --seats 150"
        options = f"--seconds {RUSH_SECONDS} --url {live.url} --url {second.url}"
        proof = pool.submit(live.manage, *rush.split(), *options.split())
        before = bookings_made(live)
        # Two hundred people are made first.
        eventually(lambda: bookings_made(live) > before, "the rush begins", patience=180)
        kills = 0
        # On a slow machine the rush is over before the server has come back so often.
        while kills < KILLS and not proof.done():
            enough = bookings_made(live) + 50
            second.kill()
            eventually(
                lambda enough=enough: proof.done() or bookings_made(live) > enough,  # type: ignore[misc]
                "the other one sells on",
            )
            kills += bookings_made(live) > enough
            second.start()
        assert kills
        report = proof.result()
    assert "failed      0" not in report
    assert report.endswith("PASS\n"), report
    assert "drift           0 seats" in live.manage("audit_inventory")
