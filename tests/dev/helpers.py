"""What the tests of the development servers share."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis

from evently.dev.process import command_of
from evently.dev.redis import free_port

CHECKOUT = Path(__file__).resolve().parents[2]
STANDIN = CHECKOUT / "tests" / "dev" / "standin.py"
PATIENCE_SECONDS = 20.0


def eventually(is_true: Callable[[], object], what: str) -> None:
    """Wait until a condition holds; fails with `what` was hoped for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE_SECONDS:g} s: {what}")
        time.sleep(0.02)


def ask_postgres(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


def tell_postgres(url: str, order: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(order.encode())


@contextmanager
def redis_client(url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(url) as client:
        yield client


def environment(**more: str) -> dict[str, str]:
    """Ours without the services of this test run, plus `more`."""
    hidden = {"DATABASE_URL", "REDIS_URL", "EVENTLY_HOME", "SECRET_KEY"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, "PYTHONPATH": str(CHECKOUT), **more}


class Run:
    """The supervisor with stand-ins, in a process of its own, as `make run` starts it."""

    def __init__(
        self,
        home: Path,
        *steps: str,
        port: int | None = None,
        before: Sequence[str] = (),
        **env: str,
    ) -> None:
        self.home = home
        self.port = port or free_port()
        self._output = home.parent / f"{home.name}-{time.monotonic_ns()}.out"
        argv = [*before, sys.executable, str(STANDIN), str(home), str(self.port), *steps]
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                argv, env=environment(**env), stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_for(self, pattern: str, *, times: int = 1) -> list[str]:
        """Wait until `pattern` was printed so often; returns what its group matched."""

        def is_there() -> bool:
            found = re.findall(pattern, self.output)
            assert len(found) >= times or self.process.poll() is None, self.output
            return len(found) >= times

        eventually(is_there, f"{pattern} in:\n{self.output}")
        return re.findall(pattern, self.output)

    def wait_until_ready(self) -> None:
        self.wait_for("WELCOME")
        self.wait_for(r"worker │ pids")

    def descendants(self) -> set[int]:
        """Every living program of this run, found by what stands in its environment or command."""
        mark = str(self.home)
        pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
        return {pid for pid in pids if pid != self.process.pid and self._belongs(pid, mark)}

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def end(self) -> None:
        """End it whatever state the test left it in."""
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)
        for pid in self.descendants():  # none, unless the test failed half-way
            os.kill(pid, signal.SIGKILL)

    def _belongs(self, pid: int, mark: str) -> bool:
        try:
            environ = os.fsdecode(Path(f"/proc/{pid}/environ").read_bytes())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return False
        return bool(command_of(pid)) and mark in environ + command_of(pid)
