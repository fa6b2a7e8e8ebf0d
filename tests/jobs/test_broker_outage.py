"""Worker and scheduler while Redis is away, and after it: the same processes go on."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis as Client
from redis.exceptions import RedisError

from evently.dev.redis import Redis
from tests.browser.server import process_environment
from tests.dev.helpers import CHECKOUT
from tests.live_server import eventually

pytestmark = pytest.mark.long

CELERY = (sys.executable, "-W", "ignore", "-m", "celery", "--quiet")
LONG_TASK_SECONDS = 8


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path / "redis", durable=False)
    server.start()
    yield server
    server.stop()


@contextmanager
def running(broker: Redis, folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = process_environment() | {"REDIS_URL": broker.url, "PYTHONPATH": str(CHECKOUT)}
    log = folder / "celery.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*CELERY, *words], env=environment, cwd=CHECKOUT, stdout=output, stderr=output
        )
    try:
        yield process
        assert process.poll() is None, log.read_text()[-3000:]
    finally:
        process.terminate()
        process.wait(60)


def mark(broker: Redis, folder: Path, name: str, seconds: float = 0) -> None:
    """Ask for the task, as a server process does it."""
    client = Celery(broker=broker.url, set_as_current=False)
    client.conf.broker_transport_options = {"global_keyprefix": "evently:jobs:"}
    wanted = {"folder": str(folder), "name": name, "seconds": seconds}
    client.send_task("tests.leave_marks", kwargs=wanted)
    client.close()


@pytest.mark.parametrize("fail", [Redis.kill, Redis.stop], ids=["killed", "stopped"])
@pytest.mark.parametrize("seconds", [0, LONG_TASK_SECONDS], ids=["while idle", "in a task"])
def test_a_worker_outlives_its_broker_and_takes_the_next_task(
    broker: Redis, tmp_path: Path, fail: Callable[[Redis], None], seconds: float
) -> None:
    worker = ("-A", "tests.jobs.worker_app", "worker", "--loglevel", "WARNING", "-c", "2")
    with running(broker, tmp_path, *worker) as process:
        for name in ("first", "second", "third"):  # one more than it has hands
            mark(broker, tmp_path, name, seconds)
        eventually((tmp_path / "first began").exists, "a task is under way")
        fail(broker)
        eventually(lambda: "Cannot connect" in log_of(tmp_path, process), "the worker noticed")
        broker.start()
        mark(broker, tmp_path, "next")
        eventually((tmp_path / "next is done").exists, "it goes on")


def log_of(folder: Path, process: subprocess.Popen[bytes]) -> str:
    log = (folder / "celery.log").read_text()
    assert process.poll() is None, log[-3000:]
    return log


def test_the_scheduler_outlives_its_broker_and_sends_on(broker: Redis, tmp_path: Path) -> None:
    schedule = str(tmp_path / "schedule")
    beat = ("-A", "evently", "beat", "--loglevel", "WARNING", "--schedule", schedule)
    with running(broker, tmp_path, *beat):
        eventually(lambda: is_sending(broker), "it sends")
        broker.kill()
        eventually(lambda: "error" in (tmp_path / "celery.log").read_text().lower(), "it noticed")
        broker.start()
        eventually(lambda: is_sending(broker), "it sends on")


def is_sending(broker: Redis) -> bool:
    with Client.from_url(broker.url) as client:
        try:
            return bool(client.llen("evently:jobs:celery"))
        except RedisError:
            return False
