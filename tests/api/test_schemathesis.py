"""Thousands of made-up requests to a running server: no 5xx, and no answer the document lacks.

The rules that the document cannot tell are named, with reasons, in `schemathesis.toml`. Seeds are
fixed; `SCHEMATHESIS_ARGS="--seed 7 -n 500"` looks elsewhere and longer.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.live_server import LiveEvently

pytestmark = pytest.mark.long
CONFIG = Path(__file__).with_name("schemathesis.toml")
PROGRAM = Path(sys.executable).with_name("st")
PASSWORD = "correct horse battery 9"
SHOW = {
    "starts_at": "2090-01-01T19:00:00Z",
    "ends_at": "2090-01-01T21:00:00Z",
    "capacity": 1000,
    "price": "12.50",
    "max_per_booking": 1000,
    "status": "published",
}
# Cases that each caller must reach at least; together more than 2 000.
ENOUGH = {"owner": 1_500, "person": 250, "anonymous": 250}
ARGUMENTS = {
    "owner": [],
    "person": ["--phases", "fuzzing,stateful"],
    "anonymous": ["--phases", "fuzzing"],
}


@pytest.fixture(scope="module")
def tokens(live: LiveEvently) -> dict[str, str]:
    """An owner with a team, events and a booking; a person with a booking of the same event."""
    owner, person = (
        live.ask("/api/v1/auth/register", body={"email": f"{name}@x.org", "password": PASSWORD})
        for name in ("owner", "person")
    )
    tokens = {"owner": owner.json["access"], "person": person.json["access"]}
    live.verify("owner@x.org")
    live.ask("/api/v1/organisers", token=tokens["owner"], body={"name": "Blue Note"})
    events = [
        live.ask("/api/v1/events", token=tokens["owner"], body={"name": f"Jazz {i}", **SHOW}).json
        for i in range(5)
    ]
    for token in tokens.values():
        wish = {"event_id": events[0]["id"], "quantity": 2}
        assert live.ask("/api/v1/bookings", token=token, body=wish).status == 201
    return tokens


@pytest.fixture(scope="module")
def reports(
    live: LiveEvently, tokens: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What each caller's run found; they run side by side, as callers do."""
    with ThreadPoolExecutor() as pool:
        runs = {
            caller: pool.submit(
                run_schemathesis,
                live,
                tokens.get(caller, ""),
                arguments,
                tmp_path_factory.mktemp(caller),
            )
            for caller, arguments in ARGUMENTS.items()
        }
        return {caller: run.result() for caller, run in runs.items()}


@pytest.mark.parametrize("caller", ENOUGH)
def test_every_answer_is_one_that_the_document_promises(
    reports: dict[str, Any], caller: str
) -> None:
    output, report = reports[caller]
    assert report["exit_code"] == 0, output
    assert report["operations"]["tested"] == report["operations"]["total"]
    assert report["test_cases"]["generated"] >= ENOUGH[caller]


def run_schemathesis(
    live: LiveEvently, token: str, arguments: list[str], folder: Path
) -> tuple[str, dict[str, Any]]:
    """What it printed, and its report."""
    report = folder / "report.json"
    command = [
        *(str(PROGRAM), "--config-file", str(CONFIG), "run", f"{live.url}/api/schema"),
        *("--no-color", "--report-json-path", str(report)),
        *(["--header", f"Authorization: Bearer {token}"] if token else []),
        *arguments,
        *os.environ.get("SCHEMATHESIS_ARGS", "").split(),
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert report.exists(), done.stdout
    return done.stdout, json.loads(report.read_text())
