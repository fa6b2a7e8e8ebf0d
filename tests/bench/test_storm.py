"""The short form of `python -m bench.storm`: every part is killed once while people buy."""

from pathlib import Path

import pytest

from bench.storm import NAMES, Blow, Report, Wish, storm, table

pytestmark = pytest.mark.long


@pytest.mark.timeout(600)
def test_nothing_is_lost_and_nothing_is_sold_twice_when_parts_die(tmp_path: Path) -> None:
    """How long people wait is for the whole storm to judge, on a calm machine."""
    report = storm(kills=1, buyers=30, folder=tmp_path)
    assert [blow.part for blow in report.blows] == list(NAMES)
    assert all(report.caught_by(blow) for blow in report.blows if blow.part != "worker")
    assert report.trouble("web").total()
    assert (report.lost, report.unasked) == (set(), 0)
    assert len(report.rows) == len(report.wishes) > 30


def test_control_a_lost_a_double_and_a_late_booking_are_seen() -> None:
    blow = Blow("web", killed=1.0, back=3.0)
    late = Wish("key", begun=2.0, answered=8.5, reference="LATE")
    early = Wish("other", begun=0.0, answered=0.5, reference="LOST")
    report = Report([blow], [late, early], rows={"LATE", "TWICE", "THRICE"}, seats_taken=3)
    assert report.lost == {"LOST"}
    assert report.waits("web") == [5.5]
    assert report.broken_promises() == [
        "1 bookings were lost",
        "1 bookings too many",
        "somebody waited too long after web was back",
    ]
    assert "| web | 1 | 2.0 s | 1 |" in table(report)[2]
