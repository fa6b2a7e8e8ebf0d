"""Where everything is measured: PostgreSQL, Redis, people, and the servers of the sides.

The stage starts its own PostgreSQL, whose commits are on the disk before they are acknowledged, and
its own Redis, in a temporary folder that is gone afterwards. Whatever is configured on this machine
is left alone.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

import django
from redis import Redis

from bench import rows
from bench.load import SITE
from bench.pace import Pace
from bench.sides import Side
from evently.dev.postgres import Postgres
from evently.dev.process import Child
from evently.dev.redis import free_port
from evently.dev.throwaway import ThrowAway
from evently.restarts import describe_exit

CHECKOUT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 30
TOKEN_LIFETIME = timedelta(hours=6)
OTHER_SITES = ("admin", "unfold", "drf_spectacular_sidecar", "rest_framework", "account")
# Every limit is checked and none is reached: one address plays all people.
LIMITS = (
    "GLOBAL",
    "ADDRESS",
    "USER",
    "BOOKING",
    "LOGIN",
    "WRITE",
    "LIVE",
    "SEARCH",
    "READ",
    "STATIC",
)
BEYOND_REACH = "100000000"


class ServerFailed(Exception):
    """A server did not start; the message ends with what it printed."""


class Stage:
    """A context manager. Django is set up, and may be imported from, once it is entered.

    Args:
        workers: processes of each server.
    """

    def __init__(self, pace: Pace, *, workers: int) -> None:
        self.pace = pace
        self.workers = workers
        self.tokens: list[str] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # What it would start of PostgreSQL forgets in a power cut: ours is to pay for commits.
            servers = stack.enter_context(ThrowAway({"DATABASE_URL": "our own"}))
            self.folder = Path(servers.environment["EVENTLY_HOME"])
            self._postgres = Postgres(self.folder / "postgres", durable=True)
            stack.callback(self._postgres.stop)
            self._postgres.start()
            os.environ |= self._environment(servers.environment)
            django.setup()
            self._manage("migrate")
            self.rows = stack.enter_context(self.connect())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        from django.db import connections

        connections.close_all()
        self._stack.close()

    def admit_people(self) -> None:
        """Make the people of this pace and a token for each; a second call does nothing."""
        if self.tokens:
            return
        from evently.accounts.models import User
        from evently.accounts.tokens import issue_access_tokens

        people = [
            User(pk=UUID(person), password="!")
            for person in rows.add_people(self.rows, self.pace.people)
        ]
        self.tokens += issue_access_tokens(people, lifetime=TOKEN_LIFETIME)
        rows.settle(self.rows)

    def connect(self, database: str = "") -> rows.Connection:
        """A connection to the database of the stage, or to another one beside it."""
        return rows.connect(self._postgres.url, database)

    def clear(self) -> None:
        """Leave nothing but the people: what a workload adds does not burden the next."""
        self.rows.execute("TRUNCATE events_organiser CASCADE")
        Redis.from_url(os.environ["REDIS_URL"]).flushdb()

    def collect_static(self) -> None:
        """The files of the pages, compressed as in production; the other sites are not visited."""
        ignored = [f"--ignore={name}" for name in OTHER_SITES]
        self._manage("collectstatic", *ignored)

    @contextmanager
    def serving(self, side: Side) -> Iterator[str]:
        """The address of a server of that side, while the block runs."""
        with self.serving_all(side) as urls:
            yield urls[side.name]

    @contextmanager
    def serving_all(self, *sides: Side) -> Iterator[dict[str, str]]:
        """Servers of several sides at once, by name: those whose turn it is not are idle."""
        with ExitStack() as stack:
            servers = [self._start(side, stack) for side in sides]
            for server in servers:
                server.wait_until_it_answers()
            yield {server.name: f"http://{HOST}:{server.port}" for server in servers}

    def _start(self, side: Side, stack: ExitStack) -> "_Server":
        port = free_port()
        log = self.folder / f"{side.name}-{port}.log"
        options = ["--host", HOST, "--port", str(port), "--workers", str(self.workers)]
        with log.open("wb") as output:
            child = Child(
                [sys.executable, *side.argv, *options],
                env={**os.environ, **side.environment},
                output=output.fileno(),
                cwd=CHECKOUT,
            )
        stack.callback(child.stop, grace=STOP_SECONDS)
        return _Server(side.name, port, log, child)

    def _manage(self, *words: str) -> None:
        argv = [sys.executable, "manage.py", *words, "-v0", "--no-input"]
        subprocess.run(argv, cwd=CHECKOUT, check=True)

    def _environment(self, servers: dict[str, str]) -> dict[str, str]:
        return {
            **servers,
            **{f"RATE_LIMIT_{tier}": BEYOND_REACH for tier in LIMITS},
            # All people come from one address, as through a balancer: it may have many connections.
            "TRUSTED_PROXIES": "127.0.0.1",
            "DATABASE_URL": self._postgres.url,
            "DJANGO_SETTINGS_MODULE": "evently.settings",
            "SITE_URL": f"http://{SITE}",
            "STATIC_ROOT": str(self.folder / "static"),
            "RATE_LIMITS": "on",
        }


@dataclass(frozen=True, slots=True)
class _Server:
    name: str
    port: int
    log: Path
    child: Child

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self.child.is_running and time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.05)
        how = describe_exit(self.child.exit_code)
        raise ServerFailed(f"{self.name} did not start ({how}):\n{self.log.read_text()}")

    def _answers(self) -> bool:
        connection = HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/health/live")
            connection.getresponse().read()
            return True
        except (HTTPException, OSError):
            return False
        finally:
            connection.close()
