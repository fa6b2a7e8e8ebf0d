"""The benchmark: a quick run of it, its judgement, and what would be wrong to believe."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.db import connection

from bench import rows
from bench.buying import Wrong, check
from bench.load import Answers
from bench.report import Ratio
from bench.stage import CHECKOUT, Stage
from bench.workloads import NAMES
from evently.env import database_url

pytestmark = pytest.mark.long


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *words],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_quick_run_measures_every_side_and_judges_nothing(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    done = bench("--quick", "--only", "drop,rush", "--json", str(file))
    assert done.returncode == 0, done.stderr
    assert "| rush, lane ÷ naive reference |" in done.stdout
    assert "verdict" not in done.stdout
    found = json.loads(file.read_text())
    assert list(found["workloads"]) == ["rush", "drop"]
    rush = found["workloads"]["rush"]
    assert all(rush[side] > 0 for side in ("lane", "drf", "naive", "floor"))
    assert 0 < rush["generator_share"] < 1
    assert {ratio["name"] for ratio in found["ratios"]} == {
        "rush, lane ÷ naive reference",
        "rush, lane ÷ bare floor",
        "rush, DRF door ÷ naive reference",
    }
    machine = found["machine"]
    assert machine["cores"] >= 1
    assert len(machine["load before"]) == len(machine["load after"]) == 3
    assert machine["packages"]["django"] in done.stdout


def test_a_workload_that_there_is_not_is_refused() -> None:
    done = bench("--only", "rush,stroll")
    assert done.returncode == 2
    assert "no workload stroll" in done.stderr


def test_every_workload_has_its_module() -> None:
    modules = {path.stem for path in (CHECKOUT / "bench" / "workloads").glob("[!_]*.py")}
    assert modules == set(NAMES)


@pytest.mark.parametrize(
    ("least", "aim", "measured", "verdict"),
    [
        (15, 30, 14.9, "MISSED"),
        (15, 30, 15, "enough"),
        (15, 30, 30, "aim reached"),
        (1.5, 1.1, 1.6, "MISSED"),
        (1.5, 1.1, 1.5, "enough"),
        (1.5, 1.1, 1.0, "aim reached"),
    ],
)
def test_the_aim_says_which_way_is_better(
    least: float, aim: float, measured: float, verdict: str
) -> None:
    ratio = Ratio("one ÷ other", measured, least, aim)
    assert ratio.verdict == verdict
    assert ratio.is_enough == (verdict != "MISSED")


@pytest.fixture
def table(transactional_db: None) -> Any:
    with rows.connect(database_url(), connection.settings_dict["NAME"]) as table:
        yield table


@pytest.fixture
def stage(table: rows.Connection) -> Stage:
    """As much of a stage as looking at rows needs."""
    return cast(Stage, SimpleNamespace(rows=table))


def answered(**statuses: int) -> Answers:
    named = {name.removeprefix("s"): number for name, number in statuses.items()}
    return Answers(sum(named.values()), 0, 0, named, 1.0, 1.0, 1.0, 1.0, 0.1)


@pytest.fixture
def event_ids(table: rows.Connection) -> list[str]:
    """Four events with 40 bookings among them."""
    rows.add_people(table, 20)
    event_ids = rows.add_events(table, number=4, seats=100)
    rows.add_bookings(table, 40)
    return event_ids


def test_bookings_that_agree_with_the_answers_pass(stage: Stage, event_ids: list[str]) -> None:
    check(stage, event_ids, answered(s201=40), {"201": 40})
    assert rows.tally(stage.rows, event_ids) == rows.Tally(bookings=40, unsound=0)


def test_a_booking_that_nobody_was_told_of_is_seen(stage: Stage, event_ids: list[str]) -> None:
    with pytest.raises(Wrong, match="bookings=40"):
        check(stage, event_ids, answered(s201=39), {"201": 39})


def test_an_answer_that_was_not_expected_is_seen(stage: Stage, event_ids: list[str]) -> None:
    with pytest.raises(Wrong, match="503"):
        check(stage, event_ids, answered(s201=40, s503=1), {"201": 40})


def test_seats_that_do_not_add_up_are_seen(stage: Stage, event_ids: list[str]) -> None:
    stage.rows.execute("UPDATE events_event SET available_seats = 91 WHERE id = %s", event_ids[:1])
    with pytest.raises(Wrong, match="unsound=1"):
        check(stage, event_ids, answered(s201=40), {"201": 40})
