"""Requests wait for Django's threads in a bounded queue, and a body is never waited for there."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.http import HttpResponse

from evently.gateway import threads, wsgi
from evently.gateway.threads import Threads
from evently.gateway.wsgi import DjangoInThreads
from tests.caches.site import until
from tests.gateway.asking import Reply
from tests.live_server import LiveEvently, eventually
from tests.security.attack import KEPT_PAGE, Bystanders, raw_sockets

HALF_A_LOG_IN = (
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
)


def test_bodies_that_never_end_hold_no_thread(evently: LiveEvently, bystanders: Bystanders) -> None:
    with bystanders, raw_sockets(evently.port, 8, HALF_A_LOG_IN):
        bystanders.are_served()


# --- The pool by itself ---------------------------------------------------------------------------


class SlowDjango:
    """A WSGI application that answers when it is told to."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> HttpResponse:
        self.asked.append(environ["PATH_INFO"])
        assert self.go_on.wait(30)
        start_response("200 OK", [])
        return HttpResponse(b"done")


class Visitor:
    """One request of one address, which may hang up."""

    def __init__(self, app: Any, path: str, address: str = "192.0.2.1") -> None:
        self.hangs_up = asyncio.Event()
        self.reply = Reply()
        self._said = [{"type": "http.request", "body": b"", "more_body": False}]
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "root_path": "",
            "query_string": b"",
            "http_version": "1.1",
            "scheme": "http",
            "headers": [],
            "client": (address, 1),
        }
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> Any:
        if self._said:
            return self._said.pop()
        await self.hangs_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.reply.messages.append(message)

    async def status(self) -> int | None:
        """None when there was no answer."""
        await self.task
        return self.reply.status if self.reply.messages else None


@pytest.fixture
def django() -> Iterator[SlowDjango]:
    app = SlowDjango()
    yield app
    app.go_on.set()


@pytest.fixture
def pool(django: SlowDjango) -> Iterator[DjangoInThreads]:
    app = DjangoInThreads(django, Threads(1))
    yield app
    django.go_on.set()
    app.threads.executor.shutdown()


async def test_who_waits_is_served_in_order_of_arrival(
    django: SlowDjango, pool: DjangoInThreads
) -> None:
    visitors = [Visitor(pool, f"/{number}") for number in range(4)]
    await until(lambda: pool.threads.waiting == 3)
    assert (pool.threads.busy, len(django.asked)) == (1, 1)
    assert pool.threads.full_seconds > 0
    django.go_on.set()
    assert [await visitor.status() for visitor in visitors] == [200] * 4
    assert django.asked == ["/0", "/1", "/2", "/3"]
    assert (pool.threads.busy, pool.threads.waiting, pool.threads.full_seconds) == (0, 0, 0)


async def test_who_hangs_up_leaves_the_queue(django: SlowDjango, pool: DjangoInThreads) -> None:
    visitors = [Visitor(pool, f"/{number}") for number in range(3)]
    await until(lambda: pool.threads.waiting == 2)
    visitors[1].hangs_up.set()
    assert await visitors[1].status() is None
    assert pool.threads.waiting == 1
    django.go_on.set()
    assert [await visitors[0].status(), await visitors[2].status()] == [200, 200]
    assert django.asked == ["/0", "/2"]
    assert pool.threads.busy == 0


async def test_who_waits_too_long_is_told_that_evently_is_busy(
    django: SlowDjango, pool: DjangoInThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "LONGEST_WAIT_SECONDS", 0.05)
    first, second = Visitor(pool, "/api/first"), Visitor(pool, "/api/second")
    assert await second.status() == 503
    assert second.reply.problem["code"] == "busy"
    assert int(second.reply.headers["retry-after"]) > 0
    django.go_on.set()
    assert await first.status() == 200
    assert django.asked == ["/api/first"]


async def test_the_queue_is_bounded_and_one_address_cannot_fill_it(
    django: SlowDjango, pool: DjangoInThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "MOST_WAITING", 5)
    monkeypatch.setattr(threads, "MOST_WAITING_OF_ONE", 3)
    # One is at work, three wait, one of the same address is refused.
    of_one = [Visitor(pool, f"/{number}") for number in range(5)]
    assert await of_one[4].status() == 503
    others = [Visitor(pool, f"/{number}", f"198.51.100.{number}") for number in range(3)]
    assert await others[2].status() == 503
    django.go_on.set()
    served = [await visitor.status() for visitor in of_one[:4] + others[:2]]
    assert served == [200] * 6


async def test_addresses_take_turns(django: SlowDjango, pool: DjangoInThreads) -> None:
    """Whoever comes from elsewhere waits for one of a crowd, not for all of it."""
    crowd = [Visitor(pool, f"/{number}") for number in range(4)]
    other = Visitor(pool, "/other", "198.51.100.1")
    await until(lambda: pool.threads.waiting == 4)
    django.go_on.set()
    assert [await visitor.status() for visitor in [*crowd, other]] == [200] * 5
    assert django.asked == ["/0", "/1", "/other", "/2", "/3"]


async def test_a_request_that_takes_too_long_is_answered_and_its_thread_comes_back(
    django: SlowDjango, pool: DjangoInThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wsgi, "ANSWER_SECONDS", 0.05)
    late = Visitor(pool, "/")
    assert await late.status() == 503
    assert pool.threads.busy == 1
    django.go_on.set()
    await until(lambda: pool.threads.busy == 0)


SLOW_READER = (
    b"GET /api/docs HTTP/1.1\r\nHost: localhost\r\nCookie: a=b\r\n\r\n"
    b"GET /static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js HTTP/1.1\r\n"
    b"Host: localhost\r\n\r\n"
)


def test_clients_that_do_not_read_hold_no_thread(
    evently: LiveEvently, bystanders: Bystanders
) -> None:
    """More than there are threads; each asks for a file that no buffer on the way can hold."""
    with bystanders, raw_sockets(evently.port, 20, SLOW_READER):
        bystanders.are_served()


def test_readiness_tells_of_a_full_pool(evently: LiveEvently, bystanders: Bystanders) -> None:
    """A lock that all pages wait for: health, kept pages and the metrics need no thread."""
    assert evently.ask(KEPT_PAGE).status == 200
    with ThreadPoolExecutor(16) as pool, psycopg.connect(evently.postgres.url) as holder:
        holder.execute("LOCK TABLE events_event")
        asked = [pool.submit(evently.ask, f"/api/v1/events?search=w{n}") for n in range(16)]
        eventually(lambda: is_full(evently), "readiness tells of a full pool")
        assert evently.ask("/health/live").status == 200
        assert evently.ask(KEPT_PAGE).status == 200
        holder.rollback()
        assert {each.result().status for each in asked} <= {200, 503}
    eventually(lambda: "threads" in evently.parts(), "the pool has threads again")


def is_full(live: LiveEvently) -> bool:
    ready = live.ask("/health/ready")
    waiting = live.metric("evently_django_requests_waiting")
    return ready.json["parts"]["threads"]["status"] == "down" and waiting > 0
