"""Making load, by wrk where it is installed and by Python where it is not, on the bare floor."""

import json
import os
import sys
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from bench.load import Answers, LoadFailed, line, send_each, send_over_and_over
from evently.dev.process import Child
from evently.dev.redis import free_port
from tests.live_server import CHECKOUT, eventually

BOOKED = {"status": 201, "headers": [["X-Kept", "yes"]], "body": '{"seats": "für 1"}'}
RECORDED = [
    {"address": "/api/v1/bookings", **BOOKED},
    {"address": "/sold-out?event=1", "status": 409, "headers": [], "body": "{}"},
]
BOOKING = line("POST", "/api/v1/bookings", token="a token", body='{"quantity": 1}')
REFUSAL = line("GET", "/sold-out?event=1")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a floor that answers what was recorded."""
    folder, port = tmp_path_factory.mktemp("floor"), free_port()
    (folder / "answers").write_text(json.dumps(RECORDED))
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with (folder / "log").open("wb") as log:
        server = Child(
            [sys.executable, "-m", "bench.sides.floor", *options],
            env=os.environ | {"BENCH_ANSWERS": str(folder / "answers")},
            output=log.fileno(),
            cwd=CHECKOUT,
        )
    try:
        eventually(lambda: ask(port, "/")[0] == 404, "the floor answers")
        yield port
    finally:
        server.stop(grace=10)


@pytest.fixture(params=["as installed", "without wrk"])
def url(request: pytest.FixtureRequest, port: int, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "without wrk":
        monkeypatch.setattr("bench.load.shutil.which", lambda name: None)
    return f"http://127.0.0.1:{port}"


def ask(port: int, path: str) -> tuple[int, str | None, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("x-kept"), answer.read().decode()
    finally:
        connection.close()


def is_sensible(answers: Answers) -> bool:
    in_order = 0 < answers.p50_ms <= answers.p95_ms <= answers.p99_ms
    return in_order and answers.seconds > 0 and answers.generator_share > 0


def test_the_floor_answers_what_was_recorded(port: int) -> None:
    assert ask(port, "/api/v1/bookings") == (201, "yes", '{"seats": "für 1"}')
    assert ask(port, "/sold-out?event=1") == (409, None, "{}")
    assert ask(port, "/sold-out?event=2")[0] == 404


def test_each_request_is_sent_once_and_each_answer_counted(url: str) -> None:
    answers = send_each(url, [BOOKING] * 70 + [REFUSAL] * 30, connections=16)
    assert answers.statuses == {"201": 70, "409": 30}
    assert (answers.answers, answers.bad, answers.lost) == (100, 30, 0)
    assert is_sensible(answers)


def test_more_connections_than_requests_are_no_harm(url: str) -> None:
    assert send_each(url, [BOOKING] * 3, connections=50).statuses == {"201": 3}


def test_pauses_hold_the_rate(url: str) -> None:
    answers = send_each(url, [BOOKING] * 200, connections=20, mean_pause_ms=100)
    assert answers.rate < 250  # 20 connections, each ten times a second at most


def test_over_and_over_ends_when_the_time_is_up(url: str) -> None:
    answers = send_over_and_over(url, [BOOKING, REFUSAL], connections=4, seconds=1)
    assert answers.answers > 10
    assert abs(2 * answers.bad - answers.answers) <= 4
    assert answers.seconds > 0.9
    assert is_sensible(answers)


@pytest.mark.parametrize("wrk", [True, False])
def test_nobody_answering_is_a_failure(wrk: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not wrk:
        monkeypatch.setattr("bench.load.shutil.which", lambda name: None)
    with pytest.raises(LoadFailed):
        send_each(f"http://127.0.0.1:{free_port()}", [BOOKING], connections=1)
