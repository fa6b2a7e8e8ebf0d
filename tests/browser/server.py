"""A real `manage.py serve` process on the test's own database, for tests that need one."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from evently.dev.redis import free_port

START_SECONDS = 120
STOP_SECONDS = 30  # longer than the server drains


def process_environment(**more: str) -> dict[str, str]:
    """The environment of a process that works on the test's own database and Redis."""
    test_database = urlsplit(os.environ["DATABASE_URL"])._replace(
        path=f"/{connection.settings_dict['NAME']}"
    )
    return os.environ | {
        "DATABASE_URL": urlunsplit(test_database),
        "DJANGO_SETTINGS_MODULE": "evently.settings",
        "INSECURE_COOKIES": "yes",
        **more,
    }


def collect_static(folder: Path) -> None:
    """Put the files of the site where the server looks for them, compressed as in production."""
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    unused = ["--ignore", "redoc"]  # a second viewer of the API's document, and a large one
    environment = process_environment(STATIC_ROOT=str(folder))
    subprocess.run([*command, *unused], env=environment, check=True)


class Server(str):
    """Host and port of a server, such as "127.0.0.1:23456", and the number of its process."""

    __slots__ = ("pid",)
    pid: int


@contextmanager
def running_server(**environment: str) -> Iterator[Server]:
    """A server process; it is stopped afterwards."""
    port = free_port()
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=process_environment(**environment))
    try:
        _wait_until_live(port, process)
        server = Server(f"127.0.0.1:{port}")
        server.pid = process.pid
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def _wait_until_live(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5).close()
        except (URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError("The server did not start.")
