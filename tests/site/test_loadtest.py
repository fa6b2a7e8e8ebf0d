"""`manage.py loadtest`: what it refuses, and short ones against a whole server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from evently.accounts.models import User
from tests.live_server import CHECKOUT, LiveEvently


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEvently]:
    folder = tmp_path_factory.mktemp("loadtest")
    folder.chmod(0o711)
    with LiveEvently(folder) as evently:
        yield evently


def load(live: LiveEvently, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "loadtest", "--url", live.url, *words],
        env=live.environment | environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


def figures(output: str) -> dict[str, int]:
    """The first number of each line of the table."""
    words = (line.split() for line in output.splitlines())
    return {line[0]: int(line[1]) for line in words if len(line) > 1 and line[1].isdigit()}


def leftovers(live: LiveEvently) -> int:
    return sum(
        live.query(f"SELECT count(*) FROM {table}")
        for table in ("accounts_user", "events_event", "events_organiser", "bookings_booking")
    )


@pytest.mark.parametrize(("profile", "bookings"), [("rush", 5), ("mixed", 0)])
def test_a_load_tells_what_it_did_and_leaves_nothing_behind(
    live: LiveEvently, tmp_path: Path, profile: str, bookings: int
) -> None:
    report = tmp_path / "report.html"
    words = ["--profile", profile, "--users", "5", "--seconds", "3", "--report", str(report)]
    done = load(live, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    found = figures(done.stdout)
    assert found["requests"] >= 5
    assert found["confirmed"] >= bookings
    assert found["failed"] == 0
    assert "p99" in done.stdout
    assert "/api/v1/" in report.read_text()
    assert leftovers(live) == 0


def test_a_server_with_another_key_is_refused(live: LiveEvently, tmp_path: Path) -> None:
    report = str(tmp_path / "report.html")
    done = load(live, "--report", report, SECRET_KEY="a key that the server does not have")
    assert done.returncode == 1
    assert "the same DATABASE_URL and SECRET_KEY" in done.stderr
    assert leftovers(live) == 0


@pytest.mark.django_db(transaction=True)
def test_nobody_answering_is_said_and_leaves_nothing_behind() -> None:
    with pytest.raises(CommandError, match="does not answer"):
        call_command("loadtest", url="http://127.0.0.1:9")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://tickets.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://192.0.2.1:8000",
        "http://[2001:db8::1]",
        "http://0.0.0.0:8000",
    ],
)
def test_another_machine_is_refused_unless_named_twice(url: str) -> None:
    with pytest.raises(CommandError, match="is not this machine"):
        call_command("loadtest", url=url)
    with pytest.raises(CommandError, match="is not this machine"):
        call_command("loadtest", url=url, i_own_this_host="another.example.com")


def test_a_host_named_twice_passes() -> None:
    """The next thing that is wrong is told then."""
    words = {"i_own_this_host": "tickets.example.com", "report": Path("/no/such/folder/report")}
    with pytest.raises(CommandError, match="there is no folder /no/such/folder"):
        call_command("loadtest", url="https://tickets.example.com", **words)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http://[::"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(CommandError, match="must be an address such as"):
        call_command("loadtest", url=url)


@pytest.mark.parametrize(
    "words", [["--users", "0"], ["--seconds", "-1"], ["--users", "many"], ["--profile", "stroll"]]
)
def test_senseless_figures_are_refused(words: list[str]) -> None:
    with pytest.raises(CommandError, match=r"is not a whole number|invalid choice"):
        call_command("loadtest", "--url", "http://127.0.0.1:8000", *words)


LOOK = """
import sys
import evently.loadtest.management.commands.loadtest
print("gevent" in sys.modules)
"""


def test_django_never_imports_gevent() -> None:
    """Locust replaces parts of the standard library as soon as it is imported."""
    said = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", LOOK],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "False"
