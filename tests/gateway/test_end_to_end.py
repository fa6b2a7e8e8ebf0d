"""A correlation id on its way through the layers, Django and a worker; limits before Django."""

import asyncio
import io
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections

from evently.accounts.tokens import issue_tokens
from evently.gateway.clients import Clients
from evently.gateway.limits import RateLimits
from evently.gateway.threads import Threads
from evently.gateway.tracing import Tracing
from evently.gateway.wsgi import DjangoInThreads
from evently.jobs import beat_heart, nudge
from events import queries
from tests.browser.server import process_environment
from tests.gateway.asking import ask
from tests.live_server import eventually
from tests.makers import make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db(transaction=True)

EVENT = "/api/v1/events/0190a0de-0000-7000-8000-000000000000"
NAME = "where-did-it-go-1"
GIVEN = {"X-Request-ID": NAME}


@pytest.fixture
async def evently() -> AsyncIterator[Tracing]:
    """The layers around Django, which has one thread."""
    wsgi = DjangoInThreads(WSGIHandler(), Threads(1))
    limits = RateLimits(wsgi)  # type: ignore[arg-type]
    yield Tracing(Clients(limits))
    await limits.close()
    await asyncio.wrap_future(wsgi.threads.executor.submit(connections.close_all))
    wsgi.threads.executor.shutdown()


@pytest.fixture
def worker_log(tmp_path: Path) -> Iterator[Path]:
    """What a real worker writes that takes the jobs of this test."""
    path = tmp_path / "worker.log"
    command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "evently", "--quiet"]
    options = ["worker", "--pool", "solo", "--loglevel", "WARNING"]
    options += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with path.open("wb") as log:
        worker = subprocess.Popen(
            [*command, *options], env=process_environment(), stdout=log, stderr=log
        )
    yield path
    worker.terminate()
    worker.wait(30)


def read_until(path: Path, text: str) -> list[str]:
    eventually(lambda: text in path.read_text(), f"{text!r} stands in {path.name}")
    return path.read_text().splitlines()


async def test_a_refusal_names_its_request(evently: Tracing, log: io.StringIO) -> None:
    reply = await ask(evently, "/api/v1/bookings", headers=GIVEN)
    assert (reply.status, reply.problem["code"]) == (401, "not-authenticated")
    assert reply.problem["request_id"] == reply.headers["x-request-id"] == NAME
    assert f"[{NAME}]: GET /api/v1/bookings 401" in log.getvalue()
    other = await ask(evently, "/api/v1/bookings")
    assert other.problem["request_id"] == other.headers["x-request-id"] != NAME


async def test_a_bug_is_logged_and_told_under_the_requests_name(
    evently: Tracing, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(queries, "get_event", break_down)
    reply = await ask(evently, EVENT, headers=GIVEN)
    assert (reply.status, reply.problem["request_id"]) == (500, NAME)
    bug, *_ = log.getvalue().splitlines()
    assert bug == f"ERROR django.request [{NAME}]: Internal Server Error: {EVENT}"


async def test_the_jobs_of_a_request_go_by_its_name(evently: Tracing, worker_log: Path) -> None:
    def prepare() -> tuple[str, str]:
        owner = make_user()
        event = make_event(make_organiser(owner))
        return f"/api/v1/events/{event.pk}/cancel", issue_tokens(owner).access

    path, token = await sync_to_async(prepare)()
    headers = {**GIVEN, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    reply = await ask(evently, path, method="POST", headers=headers, body={})
    assert (reply.status, reply.headers["ratelimit-limit"]) == (200, "120")
    line = f"INFO evently.gateway.task_tracing [{NAME}]: bookings.cancel_bookings_of_event starts"
    assert line in await asyncio.to_thread(read_until, worker_log, "of_event starts")
    # What nobody's request started goes by a name of its own.
    await sync_to_async(nudge)(beat_heart)
    lines = await asyncio.to_thread(read_until, worker_log, "beat_heart starts")
    assert NAME not in next(line for line in lines if "beat_heart" in line)


async def test_who_asks_too_often_does_not_reach_django(
    evently: Tracing, limits: Any, log: io.StringIO
) -> None:
    limits(booking=1)
    replies = [await ask(evently, "/api/v1/bookings", method="POST", headers=GIVEN) for _ in "12"]
    assert [reply.status for reply in replies] == [401, 429]
    assert replies[1].problem["request_id"] == NAME
    assert f"[{NAME}]: POST /api/v1/bookings 429" in log.getvalue()
