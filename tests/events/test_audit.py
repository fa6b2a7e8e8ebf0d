"""The audit of the inventory: the service, the command, the job and the metrics."""

import logging
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, OperationalError
from prometheus_client import CollectorRegistry
from rest_framework.test import APIClient

from evently.figures import metrics_text
from evently.ids import new_id
from events.errors import EventNotFound
from events.metrics import Audit, InventoryCollector
from events.models import Event, InventoryAudit
from events.queries import find_last_audit
from events.services import audit_inventory, repair_inventory
from events.tasks import audit_inventory as audit_task
from tests.harness import is_sound
from tests.makers import make_booking, make_event

NOW = datetime.now(UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def make_drifting_event(shown: int) -> Event:
    """Ten seats, four sold, and a counter that shows something else than six."""
    event = make_event(capacity=10)
    make_booking(event, quantity=4)
    Event.objects.filter(pk=event.pk).update(available_seats=shown)
    return event


def run(**options: object) -> tuple[str, bool]:
    """What the command prints, and whether it ended well."""
    out, code = StringIO(), 0
    try:
        call_command("audit_inventory", stdout=out, **options)
    except SystemExit as end:
        code = end.code  # type: ignore[assignment]
    return out.getvalue(), {0: True, 1: False}[code]


# --- The service --------------------------------------------------------------------------------


def test_an_audit_of_sound_events_finds_nothing_and_is_kept() -> None:
    make_booking(make_event())
    make_event(status="draft")
    report = audit_inventory(now=NOW)
    assert (report.events, report.drifts, report.drift_seats) == (2, [], 0)
    kept = InventoryAudit.objects.get()
    assert (kept.ran_at, kept.events, kept.drifting_events, kept.drift_seats) == (NOW, 2, 0, 0)


def test_an_audit_counts_drift_in_both_directions() -> None:
    more, fewer = make_drifting_event(shown=8), make_drifting_event(shown=5)
    make_event()
    report = audit_inventory(now=NOW)
    assert {drift.event_id: drift.seats for drift in report.drifts} == {more.pk: 2, fewer.pk: -1}
    assert report.drift_seats == 3
    assert not any(drift.is_oversold for drift in report.drifts)
    kept = InventoryAudit.objects.get()
    assert (kept.events, kept.drifting_events, kept.drift_seats) == (3, 2, 3)


def test_an_audit_goes_on_after_its_first_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.services.auditing.BATCH", 2)
    events = [make_drifting_event(shown=7) for _ in range(5)]
    report = audit_inventory(now=NOW)
    assert [drift.event_id for drift in report.drifts] == [event.pk for event in events]


def test_audits_are_kept_for_a_week() -> None:
    for age in (timedelta(days=7), timedelta(days=7, microseconds=1)):
        InventoryAudit.objects.create(ran_at=NOW - age, events=0, drifting_events=0, drift_seats=0)
    audit_inventory(now=NOW)
    ran = InventoryAudit.objects.values_list("ran_at", flat=True)
    assert list(ran) == [NOW, NOW - timedelta(days=7)]


@pytest.mark.parametrize("shown", [0, 5, 8, 10])
def test_a_repair_sets_the_counter_to_what_the_rows_say(
    shown: int, caplog: pytest.LogCaptureFixture
) -> None:
    event = make_drifting_event(shown=shown)
    drift = repair_inventory(event_id=event.pk)
    assert drift is not None
    assert drift.seats == shown - 6
    assert is_sound(event)
    assert f"{shown} available seats before, 6 after" in caplog.text


def test_a_sound_event_is_not_repaired() -> None:
    event = make_event()
    assert repair_inventory(event_id=event.pk) is None
    event.refresh_from_db()
    assert event.version == 1


def test_an_unknown_event_cannot_be_repaired() -> None:
    with pytest.raises(EventNotFound):
        repair_inventory(event_id=new_id())


def test_an_oversold_event_cannot_be_repaired_by_counting() -> None:
    """With the table's rules in place; one seat is sold to two people behind their back."""
    event = make_event(capacity=2)
    make_booking(event)
    make_booking(event)
    Event.objects.filter(pk=event.pk).update(capacity=1)
    before = Event.objects.values().get()
    [drift] = audit_inventory(now=NOW).drifts
    assert (drift.seats, drift.is_oversold) == (1, True)
    with pytest.raises(IntegrityError):
        repair_inventory(event_id=event.pk)
    assert Event.objects.values().get() == before


# --- The command --------------------------------------------------------------------------------


def test_the_command_is_content_with_sound_events() -> None:
    make_booking(make_event())
    report, good = run()
    assert good
    assert " ".join(report.split()) == "events counted 1 drifting 0 drift 0 seats"


def test_the_command_shows_each_event_that_does_not_add_up_and_touches_nothing() -> None:
    event = make_drifting_event(shown=8)
    report, good = run()
    assert not good
    assert f"{event.pk} Late Jazz: 8 free + 4 confirmed ≠ 10 (+2)" in report
    assert not is_sound(event)


def test_the_command_repairs_when_asked_to(caplog: pytest.LogCaptureFixture) -> None:
    event = make_drifting_event(shown=8)
    report, good = run(repair=True)
    assert good
    assert report.endswith("  repaired\n")
    assert is_sound(event)
    assert f"Repaired the seat counter of event {event.pk}" in caplog.text


def test_the_command_leaves_an_oversold_event_to_people() -> None:
    oversold = make_event(capacity=2)
    make_booking(oversold)
    make_booking(oversold)
    Event.objects.filter(pk=oversold.pk).update(capacity=1)
    drifting = make_drifting_event(shown=8)
    report, good = run(repair=True)
    assert not good
    assert "OVERSOLD: cancel bookings or raise the capacity, then repair." in report
    assert is_sound(drifting)
    assert not is_sound(oversold)


# --- The job and the metrics --------------------------------------------------------------------


def test_the_job_names_what_it_finds(caplog: pytest.LogCaptureFixture) -> None:
    event = make_drifting_event(shown=5)
    audit_task()
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == f"Event {event.pk} does not add up: -1 seats"


def registry_of(collector: InventoryCollector) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=True)
    registry.register(collector)
    return registry


def test_the_metrics_show_the_last_audit() -> None:
    make_drifting_event(shown=8)
    audit_inventory(now=NOW - timedelta(minutes=1))
    repaired = make_drifting_event(shown=5)
    audit_inventory(now=NOW)
    repair_inventory(event_id=repaired.pk)
    registry = registry_of(InventoryCollector(find_last_audit))
    assert registry.get_sample_value("evently_inventory_drift_seats") == 3
    assert registry.get_sample_value("evently_inventory_drifting_events") == 2
    audited_at = registry.get_sample_value("evently_inventory_audited_timestamp_seconds")
    assert audited_at == pytest.approx(NOW.timestamp())


def test_the_metrics_are_silent_before_the_first_audit() -> None:
    assert list(registry_of(InventoryCollector(find_last_audit)).collect()) == []


def test_the_metrics_survive_a_database_that_is_out(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> Audit | None:
        raise OperationalError("no route to host")

    assert list(registry_of(InventoryCollector(fail)).collect()) == []
    assert "the database is out: no route to host" in caplog.text


def test_the_figures_stand_in_the_metrics_of_the_server(api: APIClient) -> None:
    audit_inventory(now=NOW)
    shown = metrics_text().decode()
    assert "evently_inventory_drift_seats 0.0" in shown
    assert "evently_inventory_audited_timestamp_seconds " in shown
