"""A whole Evently of a test's own: PostgreSQL, Redis and `manage.py serve`, to stop at will."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from redis import Redis as Client

from evently.dev.postgres import Postgres
from evently.dev.process import Child
from evently.dev.redis import Redis, free_port

CHECKOUT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 30.0
# A process imports all of Evently: six seconds of work, which a busy machine stretches.
START_PATIENCE_SECONDS = 120.0
BUYERS, SEATS = 80, 60
NOT_SERVED = ("admin", "unfold", "redoc", "rest_framework")
MAKE_SALES = f"""
import json
from django.utils.timezone import now
from bookings.proof.scratch import make_scratch
for _ in range({{number}}):
    scratch = make_scratch(buyers={BUYERS}, seats={SEATS}, now=now())
    print(json.dumps([str(scratch.event.pk), [buyer.token for buyer in scratch.buyers]]))
"""


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many seconds."""

    status: int
    headers: dict[str, str]
    body: str
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def code(self) -> str:
        """The problem's code; "booked" for a booking."""
        return "booked" if self.status == 201 else str(self.json["code"])


@dataclass(frozen=True)
class Sale:
    """An event with SEATS seats, and the tokens of the BUYERS who want one each."""

    event_id: str
    tokens: list[str] = field(repr=False)


class Web:
    """One `manage.py serve` on a port of its own.

    Args:
        environment: asked for at each start: a server that was started again may have moved.
    """

    def __init__(self, environment: Callable[[], Mapping[str, str]], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = environment
        self._log = log
        self._child: Child | None = None

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.is_running

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        """Start it and return when it answers."""
        argv = [sys.executable, "manage.py", "serve", "--port", str(self.port)]
        with self._log.open("ab") as log:
            self._child = Child(argv, env=self._environment(), output=log.fileno(), cwd=CHECKOUT)
        eventually(self._answers, "the web server answers", START_PATIENCE_SECONDS)

    def kill(self) -> None:
        """SIGKILL, as a crash would do it."""
        if self._child:
            self._child.kill()

    def stop(self) -> None:
        """SIGTERM, as an operator does it; returns when it is gone, and fails when it had to be
        killed."""
        assert self._child is not None
        self._child.stop(grace=PATIENCE_SECONDS)
        assert self._child.exit_code == 0

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", "/health/live")
            return connection.getresponse().status == 200
        finally:
            connection.close()


class LiveEvently:
    """Use as a context manager; `postgres`, `redis` and `web` can be stopped and started inside.

    Args:
        settings: environment variables, beside or instead of those that every test gets.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        # What was acknowledged must outlive a crash of the database.
        self.postgres = Postgres(folder / "postgres", durable=True)
        self.redis = Redis(folder / "redis", durable=False)
        self.log = folder / "web.log"
        self._folder = folder
        self._settings = settings
        self._stack = ExitStack()
        self.web = Web(lambda: self.environment, self.log)
        self.port, self.url = self.web.port, self.web.url

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for server in (self.postgres, self.redis):
                stack.callback(server.stop)
                server.start()
            self.manage("migrate", "-v0")
            # Other parts' files are many, and no page that a test opens needs them.
            self.manage("collectstatic", "-v0", "--no-input", *(f"-i{name}" for name in NOT_SERVED))
            stack.callback(self.kill_web)
            self.start_web()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "EVENTLY_HOME": str(self._folder),
            "SECRET_KEY": "the one key of a test that lives for some seconds",
            "RATE_LIMITS": "off",
            **self._settings,
        }

    def start_web(self) -> None:
        """Start the web server and return when it answers."""
        self.web.start()

    def kill_web(self) -> None:
        """SIGKILL, as a crash would do it."""
        self.web.kill()

    @contextmanager
    def another_web(self, **environment: str) -> Iterator[Web]:
        """A second server beside the first, on the same database and Redis."""
        web = Web(lambda: self.environment | environment, self.log)
        try:
            web.start()
            yield web
        finally:
            web.kill()

    def forget_limits(self) -> None:
        """Give everybody their budgets back; a process remembers its refusals for some seconds."""
        with Client.from_url(self.redis.url) as client:
            client.flushdb()

    def heal(self) -> None:
        """Start whatever a test has stopped."""
        for server in (self.postgres, self.redis):
            if not server.is_running:
                server.start()
        if not self.web.is_running:
            self.start_web()
        eventually(lambda: self.parts() >= {"database", "redis"}, "all parts are back")

    def manage(self, *words: str) -> str:
        """What `manage.py` prints; raises CalledProcessError when it ends with an error."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            env=self.environment,
            cwd=CHECKOUT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def verify(self, email: str) -> None:
        """As if the person had followed the link that was mailed there."""
        verified = "UPDATE accounts_user SET email_verified_at = now() WHERE email = %s RETURNING 1"
        assert self.query(verified, email) == 1

    def sales(self, number: int) -> list[Sale]:
        """Made in one go: each program that is started costs seconds."""
        lines = self.manage("shell", "-v0", "-c", MAKE_SALES.format(number=number)).splitlines()
        return [Sale(*json.loads(line)) for line in lines]

    def query(self, question: str, *values: str) -> int:
        """One number from the database itself."""
        with psycopg.connect(self.postgres.url) as connection:
            found = connection.execute(question.encode(), values).fetchone()
        return int(found[0]) if found else 0

    def booked_seats(self, sale: Sale) -> int:
        return self.query(
            "SELECT coalesce(sum(quantity), 0) FROM bookings_booking"
            " WHERE event_id = %s AND status = 'confirmed'",
            sale.event_id,
        )

    def free_seats(self, sale: Sale) -> int:
        return self.query("SELECT available_seats FROM events_event WHERE id = %s", sale.event_id)

    def is_somebody_blocked(self) -> bool:
        """Whether a connection waits for a lock that another one holds."""
        return bool(
            self.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        )

    def ask(
        self,
        path: str,
        *,
        token: str = "",
        body: object = None,
        patience: float = PATIENCE_SECONDS,
        port: int | None = None,
        key: str = "",
    ) -> Answer:
        """GET, or POST when there is a body; raises OSError when nobody answers."""
        # As browsers name a site at the usual port: what is kept for odd names is displaced first.
        headers = {"Accept": "application/json, text/html", "Host": "127.0.0.1"}
        if key:
            headers["Idempotency-Key"] = key
        if token:
            headers["Authorization"] = f"Bearer {token}"
        payload = None if body is None else json.dumps(body)
        if payload:
            headers["Content-Type"] = "application/json"
        begun = time.perf_counter()
        connection = HTTPConnection("127.0.0.1", port or self.port, timeout=patience)
        try:
            connection.request("POST" if payload else "GET", path, payload, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        spent = time.perf_counter() - begun
        return Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            text,
            spent,
        )

    def book(
        self,
        sale: Sale,
        token: str,
        patience: float = PATIENCE_SECONDS,
        port: int | None = None,
        key: str = "",
    ) -> Answer:
        wish = {"event_id": sale.event_id, "quantity": 1}
        return self.ask(
            "/api/v1/bookings", token=token, body=wish, patience=patience, port=port, key=key
        )

    def parts(self) -> set[str]:
        """The parts that work, by /health/ready."""
        found = self.ask("/health/ready").json["parts"]
        return {name for name, part in found.items() if part["status"] == "ok"}

    def metric(self, name: str, port: int | None = None) -> float:
        lines = self.ask("/metrics", port=port).body.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name + " "))


def eventually(
    is_true: Callable[[], object], what: str, patience: float = PATIENCE_SECONDS
) -> None:
    """Wait until a condition holds; fails with `what` was hoped for. Nobody answering is no."""
    deadline = time.monotonic() + patience
    while not _holds(is_true):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience:g} s: {what}")
        time.sleep(0.05)


def _holds(is_true: Callable[[], object]) -> bool:
    try:
        return bool(is_true())
    except OSError:
        return False
