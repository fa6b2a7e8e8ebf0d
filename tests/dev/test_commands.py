"""`python -m evently.dev exec`, the pytest plugin, and what the home folder keeps."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from evently.dev.home import Services, find_services, held, kept_secret, note_services
from tests.dev.helpers import CHECKOUT, environment, eventually

SERVICES = Services(database_url="postgres://x/y", redis_url="redis://x/0", pid=1, port=2)


def python(*argv: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *argv],
        env=environment(**env),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_exec_gives_a_command_its_servers_and_returns_its_exit_code() -> None:
    code = (
        "import os, sys, psycopg, redis;"
        "psycopg.connect(os.environ['DATABASE_URL']).execute('SELECT 1');"
        "redis.Redis.from_url(os.environ['REDIS_URL']).ping();"
        "print(os.environ['EVENTLY_HOME']); sys.exit(7)"
    )
    with python("-m", "evently.dev", "exec", "--", sys.executable, "-c", code) as process:
        output = process.communicate()[0]
    assert process.returncode == 7, output
    assert not Path(output.strip()).exists()


def test_exec_starts_nothing_that_is_given() -> None:
    code = "import os; print(os.listdir(os.environ['EVENTLY_HOME']))"
    given = {"DATABASE_URL": "postgres://x/y", "REDIS_URL": "redis://x/0"}
    with python("-m", "evently.dev", "exec", "--", sys.executable, "-c", code, **given) as process:
        assert process.communicate()[0] == "[]\n"


def test_exec_passes_a_stop_on_to_its_command() -> None:
    code = "import os, time; print(os.environ['EVENTLY_HOME'], flush=True); time.sleep(600)"
    with python("-m", "evently.dev", "exec", "--", sys.executable, "-c", code) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM
    assert not folder.exists()


TESTS_OF_OTHERS = """
import os, time
import psycopg
AT_IMPORT = os.environ["DATABASE_URL"]
def test_served():
    psycopg.connect(AT_IMPORT).execute("SELECT 1")
    print("HOME", os.environ["EVENTLY_HOME"], os.environ["RATE_LIMITS"], flush=True)
    time.sleep(float(os.environ.get("LINGER", "0")))
"""
PYTEST = ("-m", "pytest", "-s", "-c", "/dev/null", "-p", "tests.plugin")
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}


def test_the_plugin_serves_the_tests_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "test_others.py").write_text(TESTS_OF_OTHERS)
    # pytest-django reads the settings as early as it can: the servers must be there by then.
    (tmp_path / "early.py").write_text("import os\nos.environ['DATABASE_URL']\n")
    django = ("-p", "pytest_django.plugin", "--ds=early", f"--rootdir={tmp_path}")
    path = os.pathsep.join([str(CHECKOUT), str(tmp_path)])
    given = ALONE | {"REDIS_URL": "redis://x/0", "PYTHONPATH": path}
    with python(*PYTEST, *django, str(tmp_path), **given) as process:
        output = process.communicate()[0]
    assert process.returncode == 0, output
    assert "servers: PostgreSQL (throw-away), Redis (REDIS_URL)" in output
    (line,) = [line for line in output.splitlines() if "HOME" in line]
    folder, limits = line.split("HOME ")[1].split()[:2]
    assert limits == "off"
    assert not Path(folder).exists()


def test_the_plugin_leaves_nothing_when_pytest_is_killed(tmp_path: Path) -> None:
    (tmp_path / "test_others.py").write_text(TESTS_OF_OTHERS)
    with python(*PYTEST, str(tmp_path), LINGER="600", **ALONE) as process:
        assert process.stdout is not None
        (line,) = [next(line for line in process.stdout if "HOME" in line)]
        folder = Path(line.split("HOME ")[1].split()[0])
        assert (folder / "postgres").exists()
        process.kill()
    eventually(lambda: not folder.exists(), "servers and folder are gone")


def test_services_are_found_only_while_their_supervisor_lives(tmp_path: Path) -> None:
    assert find_services(tmp_path) is None
    with held(tmp_path, port=2):
        assert find_services(tmp_path) is None
        note_services(tmp_path, SERVICES)
        assert find_services(tmp_path) == SERVICES
    assert find_services(tmp_path) is None
    note_services(tmp_path, SERVICES)  # as a killed supervisor leaves it
    assert find_services(tmp_path) is None


def test_a_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    secret = kept_secret(tmp_path / "secret")
    assert len(secret) > 40
    assert kept_secret(tmp_path / "secret", first="another") == secret
    assert kept_secret(tmp_path / "chosen", first="by hand") == "by hand"
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_a_senseless_port_is_refused(tmp_path: Path, port: str) -> None:
    with python("-m", "evently.dev", "run", PORT=port, EVENTLY_HOME=str(tmp_path)) as process:
        output = process.communicate()[0]
    assert process.returncode != 0
    assert "PORT is" in output
    assert list(tmp_path.iterdir()) == []
