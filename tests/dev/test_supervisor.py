"""`make run` with stand-ins for web and worker, between real PostgreSQL and real Redis."""

import os
import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from evently.dev.home import find_services
from evently.dev.process import command_of
from tests.dev.helpers import Run, ask_postgres, eventually, redis_client

Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path, with_cluster: Callable[[Path], Path]) -> Iterator[Start]:
    """Starts runs in the home of this test, and ends them all."""
    runs: list[Run] = []
    with_cluster(tmp_path / "home" / "postgres")

    def start_one(*steps: str, port: int | None = None, **env: str) -> Run:
        runs.append(Run(tmp_path / "home", *steps, port=port, **env))
        return runs[-1]

    yield start_one
    for run in runs:
        run.end()


def pid_of(run: Run, name: str) -> int:
    """The process id of one server, from its own pid file."""
    files = {"postgres": "postgres/data/postmaster.pid", "redis": "redis/redis.pid"}
    return int((run.home / files[name]).read_text().splitlines()[0])


def worker_pids(run: Run, *, times: int = 1) -> list[int]:
    """The stand-in worker's id and its child's, as printed at its latest start."""
    *_, latest = run.wait_for(r"pids (\d+ \d+)", times=times)
    return [int(pid) for pid in latest.split()]


def test_a_run_starts_in_order_serves_and_stops_in_reverse(start: Start) -> None:
    run = start("import os; print('DATABASE', os.environ['DATABASE_URL'])")
    run.wait_until_ready()
    services = find_services(run.home)
    assert services is not None
    assert (services.pid, services.port) == (run.process.pid, run.port)
    assert ask_postgres(services.database_url, "SELECT 1") == 1
    with redis_client(services.redis_url) as client:
        assert client.ping()
    assert f"DATABASE {services.database_url}" in run.output
    for name in ("services.json", "secret-key"):
        assert stat.S_IMODE((run.home / name).stat().st_mode) == 0o600

    assert run.stop(signal.SIGINT) == 0

    assert "ended unexpectedly" not in run.output
    redis, postgres = (run.home / "logs" / f"{name}.log" for name in ("redis", "postgres"))
    assert "Valkey is now ready to exit" in redis.read_text()
    assert "fast shutdown" in postgres.read_text()
    assert redis.stat().st_mtime_ns < postgres.stat().st_mtime_ns  # the last words of each
    assert find_services(run.home) is None
    assert not (run.home / "services.json").exists()
    assert not run.descendants()
    assert "pids" in (run.home / "logs" / "worker.log").read_text()


def test_a_second_run_is_refused_and_told_where_the_first_is(start: Start) -> None:
    first = start()
    first.wait_until_ready()
    second = start()
    assert second.process.wait(10) == 1
    assert f"http://127.0.0.1:{first.port}/" in second.output
    assert f"process {first.process.pid}" in second.output
    assert find_services(first.home) is not None


def test_a_crashed_part_is_named_and_started_again(start: Start) -> None:
    run = start()
    run.wait_until_ready()
    parent, child = worker_pids(run)
    os.kill(parent, signal.SIGKILL)
    run.wait_for(r"worker ended unexpectedly \(killed by SIGKILL\); starting it again in 1 s")
    assert worker_pids(run, times=2)[0] != parent
    assert child not in run.descendants()
    assert run.stop(signal.SIGHUP) == 0


def test_clients_wait_while_the_web_server_starts_again(start: Start) -> None:
    """Who comes when it is gone is not refused: the supervisor holds the socket."""
    run = start()
    run.wait_until_ready()
    assert ask_web(run.port) == 404
    os.kill(web_pid(run), signal.SIGSTOP)  # so that it takes nobody any more
    with socket.create_connection(("127.0.0.1", run.port), timeout=20) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        os.kill(web_pid(run), signal.SIGKILL)
        run.wait_for(r"web ended unexpectedly \(killed by SIGKILL\); starting it again now")
        assert b" 404 " in client.recv(4096)
    assert run.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        ask_web(run.port)


def ask_web(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/")
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def web_pid(run: Run) -> int:
    [pid] = [pid for pid in run.descendants() if "serve_forever" in command_of(pid)]
    return pid


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_a_crashed_server_comes_back_for_the_same_clients(start: Start, name: str) -> None:
    run = start()
    run.wait_until_ready()
    services = find_services(run.home)
    assert services is not None
    os.kill(before := pid_of(run, name), signal.SIGKILL)
    run.wait_for(f"{name} ended unexpectedly")
    eventually(lambda: pid_changed(run, name, before), f"{name} runs again")
    with redis_client(services.redis_url) as client:
        eventually(lambda: answers(client.ping), "redis answers")
    eventually(lambda: answers(lambda: ask_postgres(services.database_url, "SELECT 1")), "pg")


def pid_changed(run: Run, name: str, before: int) -> bool:
    try:
        return pid_of(run, name) != before
    except (FileNotFoundError, IndexError):
        return False


def answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except Exception:  # noqa: BLE001 - whichever error its client has for a server not there yet
        return False
    return True


def test_nothing_outlives_a_killed_supervisor_and_the_next_run_works(start: Start) -> None:
    run = start()
    run.wait_until_ready()
    assert len(run.descendants()) >= 5
    run.process.kill()
    run.process.wait()
    assert find_services(run.home) is None
    again = start(port=run.port)  # at once: the old parts may still be on their way out
    again.wait_until_ready()
    assert again.stop() == 0
    eventually(lambda: not run.descendants(), "all programs are gone")


def test_a_run_whose_reaper_was_killed_too_does_not_block_the_next(start: Start) -> None:
    run = start()
    run.wait_until_ready()
    (reaper,) = reapers_of(run.process.pid)
    os.kill(reaper, signal.SIGKILL)
    run.process.kill()
    run.process.wait()
    left = run.descendants()
    assert left
    again = start(port=run.port)
    again.wait_until_ready()
    assert not left & again.descendants()
    assert again.stop() == 0


def reapers_of(pid: int) -> list[int]:
    ps = ["ps", "-eo", "pid,args", "-ww"]
    lines = subprocess.run(ps, capture_output=True, text=True, check=True).stdout.splitlines()
    return [int(line.split()[0]) for line in lines if line.endswith(f"reaper.py {pid}")]


def test_a_taken_port_is_refused_with_advice(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rival:
        run = start(port=rival.getsockname()[1])
        assert run.process.wait(10) == 1
    assert "make run" in run.output
    assert "postgres │" not in run.output


def test_a_failed_step_stops_everything(start: Start) -> None:
    run = start("raise SystemExit(3)")
    assert run.process.wait(20) == 1
    assert "step0 failed (exit code 3)" in run.output
    assert "WELCOME" not in run.output
    assert not run.descendants()


def test_services_that_are_given_win(start: Start, database_url: str) -> None:
    run = start(DATABASE_URL=database_url, REDIS_URL="redis://127.0.0.1:1/0")
    run.wait_until_ready()
    services = find_services(run.home)
    assert services is not None
    assert services.database_url == database_url
    assert services.redis_url == "redis://127.0.0.1:1/0"
    assert "postgres │" not in run.output
    assert "redis │" not in run.output


@pytest.fixture
def database_url() -> str:
    return "postgres://somebody@db.example/evently"


def test_a_stop_in_the_middle_of_a_step_is_heeded(start: Start) -> None:
    run = start("import time; print('STEP', flush=True); time.sleep(600)")
    run.wait_for("STEP")
    assert run.stop(signal.SIGTERM) == 0
    assert not run.descendants()
    assert "web │" not in run.output
