"""Server processes that die, hang or stop, under a parent that holds the socket."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

import pytest

from evently.dev.process import is_alive
from evently.dev.redis import free_port
from evently.restarts import Backoff
from tests.dev.helpers import CHECKOUT
from tests.live_server import eventually

ECHO = "tests.server.echo:app"
KILLS = 3


class Program:
    """A running `tests.server.program`."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.port = port
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def children(self) -> set[int]:
        pid = self.process.pid
        return {
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        }

    def pid_that_answers(self) -> int:
        return int(self.ask("/")["pid"])

    def ask(self, path: str) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            found: dict[str, Any] = json.loads(connection.getresponse().read())
            return found
        finally:
            connection.close()


@contextmanager
def program(
    folder: Path, *, workers: int = 1, hang_seconds: float = 60, application: str = ECHO
) -> Iterator[Program]:
    port = free_port()
    argv = [sys.executable, "-m", "tests.server.program", str(port), str(workers)]
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*argv, str(hang_seconds), application], cwd=CHECKOUT, stdout=output, stderr=output
        )
    started = Program(port, process, log)
    try:
        yield started
    finally:
        left = started.children() if process.poll() is None else set()
        process.terminate()
        assert process.wait(30) == 0
        assert not any(map(is_alive, left))


class Clients:
    """Ask again and again from some threads, each on a connection of its own.

    Attributes:
        refused: connections that nobody took.
        cut: requests that were under way in a process that died.
        answered: the rest.
    """

    def __init__(self, port: int, number: int) -> None:
        self.refused = self.cut = self.answered = 0
        self._port = port
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask_on) for _ in range(number)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _ask_on(self) -> None:
        while not self._ends.is_set():
            outcome = self._ask()
            with self._lock:
                setattr(self, outcome, getattr(self, outcome) + 1)

    def _ask(self) -> str:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except ConnectionRefusedError:
            return "refused"
        except (ConnectionError, HTTPException):
            return "cut"
        finally:
            connection.close()
        return "answered"


@pytest.mark.parametrize("workers", [1, 2])
def test_nobody_is_refused_while_processes_are_killed(tmp_path: Path, workers: int) -> None:
    with program(tmp_path, workers=workers) as server:
        eventually(lambda: server.pid_that_answers(), "it answers")
        with Clients(server.port, 8) as clients:
            for _ in range(KILLS):
                before = server.children()
                for pid in before:
                    os.kill(pid, signal.SIGKILL)
                eventually(partial(have_gone, server, before), "all are new")
                eventually(partial(has_answered, clients, clients.answered + 50), "they answer")
        assert clients.refused == 0
        assert clients.cut <= KILLS * 8
        assert "killed by SIGKILL" in server.log


def have_gone(server: Program, pids: set[int]) -> bool:
    return not server.children() & pids


def has_answered(clients: Clients, number: int) -> bool:
    return clients.answered >= number


def test_who_crashes_again_and_again_is_started_less_and_less_often(tmp_path: Path) -> None:
    with program(tmp_path, application="tests.server.crashing:app") as server:
        eventually(lambda: "starting another in 2 s" in server.log, "it backs off")
    said = re.findall(r"\(exit code 9\); starting another (.*)", server.log)
    assert said[:3] == ["now", "in 1 s", "in 2 s"]


def test_pauses_double_to_half_a_minute_and_a_steady_run_forgets_them() -> None:
    backoff = Backoff(first=0)
    pauses = [backoff.pause_after(1) for _ in range(8)]
    assert pauses == [0, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.pause_after(3600) == 0
    slower = Backoff(first=1)
    assert [slower.pause_after(1) for _ in range(3)] == [1, 2, 4]


def test_a_process_whose_loop_hangs_is_replaced_and_shows_where(tmp_path: Path) -> None:
    with program(tmp_path, hang_seconds=1) as server:
        eventually(lambda: server.pid_that_answers(), "it answers")
        before = server.pid_that_answers()
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
            eventually(lambda: "has answered nobody for 1 s" in server.log, "it is noticed")
        assert server.pid_that_answers() != before
        assert "echo.py" in server.log
        assert "killed by SIGABRT" in server.log


def test_a_stopped_process_is_replaced(tmp_path: Path) -> None:
    with program(tmp_path, hang_seconds=1) as server:
        eventually(lambda: server.pid_that_answers(), "it answers")
        before = server.pid_that_answers()
        os.kill(before, signal.SIGSTOP)
        assert server.pid_that_answers() != before
        eventually(lambda: not is_alive(before), "it is gone")


def test_processes_do_not_outlive_their_parent(tmp_path: Path) -> None:
    port = free_port()
    argv = [sys.executable, "-m", "tests.server.program", str(port), "2", "60", ECHO]
    process = subprocess.Popen(argv, cwd=CHECKOUT)
    server = Program(port, process, tmp_path)
    eventually(lambda: server.pid_that_answers(), "it answers")
    eventually(lambda: len(server.children()) == 2, "both are there")
    children = server.children()
    process.kill()
    process.wait()
    eventually(lambda: not any(map(is_alive, children)), "its children are gone")


def test_who_is_told_to_stop_answers_what_is_under_way(tmp_path: Path) -> None:
    with program(tmp_path) as server:
        eventually(lambda: server.pid_that_answers(), "it answers")
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            threading.Event().wait(0.3)  # so that the request is read
            server.process.terminate()
            assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        assert server.process.wait(30) == 0
