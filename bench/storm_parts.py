"""The parts of an Evently that `bench.storm` kills: each a process of its own."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from evently.dev.plan import evently_plan
from evently.dev.postgres import Postgres
from evently.dev.process import Child
from evently.dev.redis import Redis, free_port
from evently.dev.servers import Server
from evently.dev.supervisor import listen

CHECKOUT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
START_SECONDS = 300.0
SEATS = 1_000_000
MAKE_SALE = """
import json
from django.utils.timezone import now
from bookings.proof.scratch import make_scratch
scratch = make_scratch(buyers={buyers}, seats={seats}, now=now())
scratch.event.repeat_bookings_allowed = True
scratch.event.save()
print(json.dumps([str(scratch.event.pk), [buyer.token for buyer in scratch.buyers]]))
"""


@dataclass(frozen=True)
class Sale:
    """An event with ample seats of which everybody may book as often as they like."""

    event_id: str
    tokens: list[str] = field(repr=False)


class Parts:
    """A context manager: PostgreSQL and Valkey, whose data outlive a crash, web and worker."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._postgres = Postgres(folder / "postgres", durable=True)
        self._valkey = Redis(folder / "redis", durable=True)
        self._children: dict[str, Child] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for server in (self._postgres, self._valkey):
                stack.callback(server.stop)
                server.start()
            self._manage("migrate", "-v0")
            self._listener = stack.enter_context(listen(self.port))
            for name in ("web", "worker"):
                self.start(name)
                stack.callback(self.kill, name)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def kill(self, part: str) -> None:
        """SIGKILL, as a crash would do it."""
        servers: dict[str, Server] = {"postgres": self._postgres, "valkey": self._valkey}
        (servers.get(part) or self._children[part]).kill()

    def start(self, part: str) -> None:
        """Start it and return when it works; the worker, when it runs."""
        if part == "postgres":
            self._postgres.start()
        elif part == "valkey":
            self._valkey.start()
        else:
            self._spawn(part)
            if part == "web":
                self._wait_for_web()

    def make_sale(self, buyers: int) -> Sale:
        made = self._manage("shell", "-v0", "-c", MAKE_SALE.format(buyers=buyers, seats=SEATS))
        return Sale(*json.loads(made))

    def references(self, sale: Sale) -> set[str]:
        """Of the live bookings."""
        return {
            row[0]
            for row in self._query(
                "SELECT reference FROM bookings_booking"
                " WHERE event_id = %s AND status = 'confirmed'",
                sale,
            )
        }

    def seats_taken(self, sale: Sale) -> int:
        [(taken,)] = self._query(
            "SELECT capacity - available_seats FROM events_event WHERE id = %s", sale
        )
        return int(taken)

    def _query(self, question: str, sale: Sale) -> list[tuple[str]]:
        with psycopg.connect(self._postgres.url) as connection:
            return connection.execute(question.encode(), [sale.event_id]).fetchall()

    def _spawn(self, name: str) -> None:
        plan = evently_plan(home=self._folder, port=self.port, admin_password="")
        [part] = [part for part in plan.parts if part.name == name]
        # As `make run` does: clients wait in the socket's queue while no web server is there.
        files = [self._listener.fileno()] if part.listens else []
        with (self._folder / f"{name}.log").open("ab") as log:
            self._children[name] = Child(
                [*part.argv, *map(str, files)],
                env=self._environment,
                output=log.fileno(),
                cwd=CHECKOUT,
                files=files,
            )

    def _wait_for_web(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError(f"The web server did not start: {self._folder / 'web.log'}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        connection = HTTPConnection(HOST, self.port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/health/live")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _manage(self, *words: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            env=self._environment,
            cwd=CHECKOUT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    @property
    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self._postgres.url,
            "REDIS_URL": self._valkey.url,
            "EVENTLY_HOME": str(self._folder),
            "SECRET_KEY": "the one key of a storm that lives for some minutes",
            "RATE_LIMITS": "off",
        }
