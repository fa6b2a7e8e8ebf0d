"""The caches of whole servers: two processes on one database and one Redis."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

import pytest

from evently.dev.process import Child
from evently.dev.redis import free_port
from tests.live_server import CHECKOUT, SEATS, LiveEvently, eventually
from tests.promises import within

# A change must be seen everywhere within this.
PROMISE_SECONDS = 1.0


@dataclass
class Process:
    """One of the servers, asked as a stranger."""

    port: int

    def ask(self, path: str) -> tuple[dict[str, str], str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return {n.lower(): v for n, v in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def is_up(self) -> bool:
        return '"status": "ok"' in self.ask("/health/live")[1]

    def keeps(self, path: str) -> bool:
        """Whether this is kept for longer than without a line to Redis."""
        eventually(lambda: int(self.ask(path)[0].get("age", 0)) > 1, f"{path} is kept")
        return True

    def shows(self, text: str, *paths: str) -> None:
        """Wait until all of these pages say so."""
        eventually(lambda: all(text in self.ask(path)[1] for path in paths), text)


@contextmanager
def another_process(live: LiveEvently, **environment: str) -> Iterator[Process]:
    port = free_port()
    argv = [sys.executable, "manage.py", "serve", "--port", str(port)]
    with live.log.open("ab") as log:
        child = Child(argv, env=live.environment | environment, output=log.fileno(), cwd=CHECKOUT)
    process = Process(port)
    try:
        eventually(process.is_up, "the second server answers")
        yield process
    finally:
        child.kill()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEvently]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSECURE_COOKIES", "yes")
        with LiveEvently(tmp_path_factory.mktemp("live")) as running:
            yield running


def test_a_change_is_seen_in_every_process_within_a_second(live: LiveEvently) -> None:
    [sale] = live.sales(1)
    page, lists = f"/events/{sale.event_id}/", ("/", "/api/v1/events?limit=100")
    answer = f"/api/v1/events/{sale.event_id}"
    with another_process(live) as second:
        processes = [Process(live.port), second]
        for process in processes:
            process.keeps(answer)
        for number, token in enumerate(sale.tokens[:3]):
            left = SEATS - number - 1
            for process in processes:
                assert all(process.keeps(path) for path in (page, answer, *lists))
            assert live.book(sale, token).code == "booked"
            with within(PROMISE_SECONDS):
                for process in processes:
                    process.shows(f'"available_seats":{left},', answer, lists[1])
                    process.shows(f"{left} of {SEATS}", page, lists[0])


def test_everything_works_with_all_caches_off(live: LiveEvently) -> None:
    [sale] = live.sales(1)
    off = {"EDGE_CACHE": "off", "L2_CACHE": "off", "L3_CACHE": "off"}
    path = f"/api/v1/events/{sale.event_id}"
    with another_process(live, **off) as bare:
        for number, token in enumerate(sale.tokens[:3]):
            assert live.book(sale, token).code == "booked"
            headers, body = bare.ask(path)
            assert f'"available_seats":{SEATS - number - 1},' in body
            assert "age" not in headers
            assert sale.event_id in bare.ask("/api/v1/events?limit=100")[1]


def test_without_redis_a_change_is_seen_within_a_second(live: LiveEvently) -> None:
    [sale] = live.sales(1)
    path, process = f"/api/v1/events/{sale.event_id}", Process(live.port)
    live.redis.stop()
    try:
        process.shows(f'"available_seats":{SEATS},', path)
        assert live.book(sale, sale.tokens[0]).code == "booked"
        with within(PROMISE_SECONDS):
            process.shows(f'"available_seats":{SEATS - 1},', path)
    finally:
        live.heal()


def test_the_table_of_results_comes_with_migrate(live: LiveEvently) -> None:
    assert live.query("SELECT count(*) FROM evently_results") >= 0
    assert "l3: 0 results" in live.manage("cache", "stats")
