"""The embedded PostgreSQL and Redis: they serve, survive what kills them, and leave nothing."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis.exceptions import AuthenticationError

from evently.dev import servers
from evently.dev.identity import everyone_reaches, nobody
from evently.dev.postgres import Postgres
from evently.dev.redis import Redis
from evently.dev.servers import Server, ServerFailed
from tests.dev.helpers import (
    CHECKOUT,
    ask_postgres,
    environment,
    eventually,
    redis_client,
    tell_postgres,
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def postgres(tmp_path: Path, with_cluster: Callable[[Path], Path]) -> Iterator[Postgres]:
    server = Postgres(with_cluster(tmp_path / "postgres"), durable=False)
    yield server
    server.stop()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path / "redis")
    yield server
    server.stop()


@pytest.fixture
def foreign_pid() -> Iterator[int]:
    """The id of a living program that has nothing to do with any server."""
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        yield sleeper.pid
        sleeper.kill()


def test_postgres_serves_and_stops(postgres: Postgres) -> None:
    postgres.start()
    assert ask_postgres(postgres.url, "SELECT current_database()") == "evently"
    assert ask_postgres(postgres.url, "SHOW listen_addresses") == ""
    assert ask_postgres(postgres.url, "SHOW fsync") == "off"
    assert (postgres.data.parent.stat().st_mode & 0o777) == 0o700
    postgres.stop()
    assert not postgres.is_running
    assert postgres.exit_code == 0


def test_redis_asks_for_its_password_and_keeps_data(redis_server: Redis) -> None:
    redis_server.start()
    with redis_client(redis_server.url) as client:
        client.set("seat", "taken")
    wrong = redis_server.url.replace("redis://:", "redis://:x")
    with redis_client(wrong) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    redis_server.stop()
    redis_server.start()
    with redis_client(redis_server.url) as client:
        assert client.get("seat") == b"taken"


def test_killed_servers_come_back_at_the_same_address(
    postgres: Postgres, redis_server: Redis
) -> None:
    postgres.durable = True  # without it PostgreSQL may forget its last commits
    postgres.start()
    assert ask_postgres(postgres.url, "SHOW fsync") == "on"
    assert ask_postgres(postgres.url, "SHOW synchronous_commit") == "on"
    tell_postgres(postgres.url, "CREATE TABLE seat (id int)")
    redis_server.start()
    for server in (postgres, redis_server):
        url = server.url
        server.kill()
        assert server.exit_code == -signal.SIGKILL
        server.start()
        assert server.url == url
    assert ask_postgres(postgres.url, "SELECT count(*) FROM seat") == 0
    with redis_client(redis_server.url) as client:
        assert client.ping()


def test_a_pid_file_that_names_another_program_does_not_block(
    postgres: Postgres, redis_server: Redis, foreign_pid: int
) -> None:
    postgres.start()
    postgres.kill()
    redis_server.start()
    redis_server.kill()
    sockets = postgres.data.parent
    for file in (postgres.data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
        _, *rest = file.read_text().splitlines()
        file.write_text("\n".join([str(foreign_pid), *rest]) + "\n")
    (redis_server.folder / "redis.pid").write_text(f"{foreign_pid}\n")
    postgres.start()
    redis_server.start()
    assert ask_postgres(postgres.url, "SELECT 1") == 1
    os.kill(foreign_pid, 0)  # and nobody touched that program


@pytest.mark.parametrize("kind", [Postgres, Redis])
def test_a_server_that_lost_its_supervisor_is_replaced(tmp_path: Path, kind: type[Server]) -> None:
    lost, found = kind(tmp_path / "data"), kind(tmp_path / "data")
    try:
        lost.start()
        found.start()
        assert not lost.is_running
        assert found.is_running
    finally:
        found.stop()
        lost.stop()


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", durable=False)
    draft = server.folder / "data.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    try:
        server.start()
        assert ask_postgres(server.url, "SELECT 1") == 1
        assert not draft.exists()
    finally:
        server.stop()


def test_a_deep_folder_gets_a_short_socket(
    tmp_path: Path, with_cluster: Callable[[Path], Path]
) -> None:
    server = Postgres(with_cluster(tmp_path / ("deep " * 20)), durable=False)
    try:
        server.start()
        assert ask_postgres(server.url, "SELECT 1") == 1
        sockets = Path(str(ask_postgres(server.url, "SHOW unix_socket_directories")))
        assert (sockets.stat().st_mode & 0o777) == 0o700
    finally:
        server.stop()
    assert not sockets.exists()


def test_the_callers_environment_does_not_reach_the_server(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    postgres.start()
    monkeypatch.delenv("PGCLIENTENCODING")  # our own client would heed it as well
    assert ask_postgres(postgres.url, "SHOW client_encoding") == "UTF8"


def test_a_server_that_cannot_start_names_its_log(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.start()
    postgres.stop()
    monkeypatch.setattr(servers, "RETRY_SECONDS", 0.1)
    (postgres.data / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(ServerFailed, match=str(postgres.log)):
        postgres.start()
    assert "no_such_setting" in postgres.log.read_text()


@pytest.fixture
def open_path(tmp_path: Path) -> Path:
    """A folder that every user can reach."""
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o711)
    return tmp_path


@as_root
def test_the_server_moves_when_its_user_cannot_reach_our_folder(open_path: Path) -> None:
    closed = open_path / "closed"
    closed.mkdir(mode=0o700)
    server = Postgres(closed / "postgres", durable=False, identity=nobody())
    try:
        server.start()
        assert ask_postgres(server.url, "SELECT 1") == 1
        assert server.data.stat().st_uid == nobody().uid
        assert not server.data.is_relative_to(closed)
    finally:
        server.stop()
        shutil.rmtree(server.data.parent)


@as_root
def test_a_folder_changes_hands_with_the_user_who_runs_the_server(
    open_path: Path, with_cluster: Callable[[Path], Path]
) -> None:
    folder = with_cluster(open_path / "postgres")
    for identity, owner in ((nobody(), nobody().uid), (None, 0)):
        server = Postgres(folder, durable=False, identity=identity)
        try:
            server.start()
            assert ask_postgres(server.url, "SELECT 1") == 1
            assert server.data.stat().st_uid == owner
        finally:
            server.stop()


ORDINARY = """
from evently.dev.throwaway import ThrowAway
import psycopg
with ThrowAway({}) as servers, psycopg.connect(servers.environment["DATABASE_URL"]) as connection:
    print(*connection.execute("SELECT 'served'").fetchone())
"""


@as_root
def test_an_ordinary_user_can_run_both() -> None:
    python = reachable_python()
    setpriv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    path = os.pathsep.join([str(CHECKOUT), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [*setpriv, python, "-c", ORDINARY],
        env=environment(HOME="/", PYTHONDONTWRITEBYTECODE="1") | {"PYTHONPATH": path},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "served\n", done.stderr


def reachable_python() -> str:
    """Our interpreter, or the system's of the same version, as an ordinary user may start it."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (Path(sys.executable).resolve(), Path("/usr/bin") / version):
        if python.exists() and everyone_reaches(python) and everyone_reaches(CHECKOUT):
            return str(python)
    pytest.skip("an ordinary user cannot reach this checkout or its Python")


PARENT = """
import sys, time
from evently.dev.process import Child
from evently.dev.throwaway import ThrowAway
sleep = "import time; time.sleep(600)"
code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {sleep!r}, sys.argv[1]])"
child = Child([sys.executable, "-c", code, sys.argv[1]], env={}, output=2)
with ThrowAway({}) as servers:
    print(servers.environment["EVENTLY_HOME"], flush=True)
    time.sleep(600)
"""


def commands_with(mark: str) -> list[str]:
    found = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in found.stdout.splitlines() if mark in line]


def test_nothing_outlives_a_killed_parent(tmp_path: Path) -> None:
    mark = f"mark-{tmp_path.name}-{os.getpid()}"
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, mark],
        env=environment(),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        folder = Path(parent.stdout.readline().strip())
        family, servers_there = commands_with(mark), commands_with(str(folder))
        parent.kill()
    assert len(family) == 3, family  # parent, child, grandchild
    assert len(servers_there) >= 2, servers_there
    eventually(lambda: not commands_with(mark), "child and grandchild are gone")
    eventually(lambda: not commands_with(str(folder)), "the servers are gone")
    eventually(lambda: not folder.exists(), "the temporary folder is gone")
