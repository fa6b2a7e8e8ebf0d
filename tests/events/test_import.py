"""Importing events from a file: again and again, all or nothing, and never over people's edits."""

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bookings.services import BookingRequest, book
from evently.accounts.models import User
from evently.errors import Busy
from events.errors import OrganiserNotFound
from events.importing import Defaults, ParsedFile, parse_file
from events.models import Event, Organiser, Role
from events.services import (
    ImportReport,
    audit_inventory,
    cancel_event,
    edit_event,
    import_events,
    importing,
    publish_event,
)
from tests.makers import add_member, make_booking, make_organiser, make_user

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
DEFAULTS = Defaults(timezone="Europe/Berlin", capacity=50, price=Decimal(0), currency="EUR")
HEADER = "name,starts_at,capacity,price,uid\n"
COMMAND_CLOCK = "events.management.commands.import_events.timezone.now"


@pytest.fixture
def owner() -> User:
    return make_user("Olga")


@pytest.fixture
def organiser(owner: User) -> Organiser:
    return make_organiser(owner, name="Kulturhaus")


@pytest.fixture
def _spring(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample files tell of 2026."""
    monkeypatch.setattr(COMMAND_CLOCK, lambda: NOW)


def sample(name: str) -> ParsedFile:
    return parse_file((DATA / name).read_bytes(), filename=name, defaults=DEFAULTS, now=NOW)


def sheet(*lines: str) -> ParsedFile:
    data = (HEADER + "\n".join(lines)).encode()
    return parse_file(data, filename="events.csv", defaults=DEFAULTS, now=NOW)


def run(organiser: Organiser, parsed: ParsedFile, **options: Any) -> ImportReport:
    values: dict[str, Any] = {"by": None, "publish": False, "partial": False, "now": NOW}
    return import_events(organiser_id=organiser.pk, parsed=parsed, **values | options)


def figures(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.changed, report.unchanged, len(report.bad)


def state() -> list[Any]:
    return list(Event.objects.order_by("pk").values())


def case_file(name: str) -> str:
    return str(Path(__file__).parents[1] / "cases" / "13-cancelled-in-calendar" / name)


def import_case(organiser: Organiser, name: str, **options: Any) -> str:
    out = StringIO()
    options = {"capacity": "20", "publish": True, **options}
    call_command(
        "import_events", case_file(name), organiser=str(organiser.pk), stdout=out, **options
    )
    return out.getvalue()


def test_what_a_calendar_cancels_is_named_and_called_off_when_asked_to(
    organiser: Organiser,
) -> None:
    import_case(organiser, "before.ics")
    slam = Event.objects.get(name="Poetry slam")
    make_booking(slam, quantity=3)
    told = import_case(organiser, "after.ics")
    assert "Line 4: “Poetry slam” is cancelled here and on sale in Evently, with 3 seats" in told
    slam.refresh_from_db()
    assert slam.status == "published"
    told = import_case(organiser, "after.ics", cancelled="cancel")
    assert "1 cancelled" in told
    slam.refresh_from_db()
    assert slam.status == "cancelled"
    assert Event.objects.get(name="Jazz").status == "published"
    assert "0 cancelled" in import_case(organiser, "after.ics", cancelled="cancel")


def test_what_a_calendar_lacks_is_named_and_stays(organiser: Organiser) -> None:
    assert "not in this file" not in import_case(organiser, "before.ics")
    told = import_case(organiser, "removed.ics", cancelled="cancel")
    assert "not in this file: “Poetry slam” (2027-03-10). They stay as they are" in told
    assert Event.objects.filter(status="published").count() == 2


@pytest.mark.parametrize(
    ("name", "events"),
    [("good.csv", 3), ("semicolon_bom.csv", 2), ("utf16_tabs.csv", 1), ("google.ics", None)],
)
def test_a_file_imported_twice_changes_nothing(
    organiser: Organiser, name: str, events: int | None
) -> None:
    first = run(organiser, sample(name))
    assert first.created == (events or first.created) > 0
    before = state()
    assert figures(run(organiser, sample(name))) == (0, 0, first.created, 0)
    assert state() == before


def test_events_come_in_as_drafts_with_all_seats_free(organiser: Organiser) -> None:
    run(organiser, sample("good.csv"))
    event = Event.objects.get(import_uid="spring-2026")
    assert (event.status, event.capacity, event.available_seats) == ("draft", 250, 250)
    assert (event.price, event.max_per_booking, event.organiser) == (Decimal("18.50"), 6, organiser)
    assert Event.objects.get(name__contains="Bees").max_per_booking == 10


def test_publishing_reaches_the_drafts_of_an_earlier_import(organiser: Organiser) -> None:
    run(organiser, sample("good.csv"))
    assert figures(run(organiser, sample("good.csv"), publish=True)) == (0, 3, 0, 0)
    assert figures(run(organiser, sample("good.csv"), publish=True)) == (0, 0, 3, 0)
    assert not Event.objects.exclude(status="published").exists()


def test_one_bad_line_and_nothing_is_imported(organiser: Organiser) -> None:
    report = run(organiser, sample("broken_lines.csv"))
    assert figures(report)[:3] == (0, 0, 0)
    assert report.bad
    assert state() == []


def test_the_good_lines_alone_on_request(organiser: Organiser) -> None:
    parsed = sample("broken_lines.csv")
    report = run(organiser, parsed, partial=True)
    assert report.created == len(parsed.rows) == Event.objects.count() > 0
    assert report.bad == parsed.bad


def test_a_rule_of_the_model_makes_a_bad_line_with_its_number(organiser: Organiser) -> None:
    parsed = sheet("Fine,2026-05-01 19:30,10,1,a", "Ended,2026-05-02 19:30,10,1,b")
    late = datetime(2026, 5, 2, 12, tzinfo=UTC)
    report = run(organiser, parsed, now=late)
    assert [bad.line for bad in report.bad] == [2]
    assert "ended" in report.bad[0].reason
    assert state() == []
    assert figures(run(organiser, parsed, now=late, partial=True)) == (1, 0, 0, 1)


def test_an_event_that_nobody_touched_follows_its_file(organiser: Organiser) -> None:
    run(organiser, sheet("Talk,2026-05-01 19:30,10,5,a"), publish=True)
    event = Event.objects.get()
    make_booking_at(event, seats=4)
    changed = sheet("Long talk,2026-05-01 20:00,12,6,a")
    assert figures(run(organiser, changed)) == (0, 1, 0, 0)
    event.refresh_from_db()
    assert (event.name, event.capacity, event.available_seats) == ("Long talk", 12, 8)
    assert (event.price, event.status) == (Decimal(6), "published")
    assert figures(run(organiser, changed)) == (0, 0, 1, 0)
    again = sheet("Longer talk,2026-05-01 20:00,12,6,a")
    assert figures(run(organiser, again)) == (0, 1, 0, 0)


def test_the_sale_comes_with_the_file_and_stays_when_the_file_no_longer_tells_it(
    organiser: Organiser,
) -> None:
    told = "name,starts_at,uid,sales_start_at,sales_end_at\n"
    line = "Concert,2026-05-01 19:30,c,2026-04-01 10:00,2026-05-01 18:00"
    run(organiser, parse_file((told + line).encode(), filename="", defaults=DEFAULTS, now=NOW))
    event = Event.objects.get()
    sale = datetime(2026, 4, 1, 8, tzinfo=UTC), datetime(2026, 5, 1, 16, tzinfo=UTC)
    assert (event.sales_start_at, event.sales_end_at) == sale
    assert figures(run(organiser, sheet("Concert,2026-05-01 19:30,,,c"))) == (0, 0, 1, 0)
    event.refresh_from_db()
    assert (event.sales_start_at, event.sales_end_at) == sale


def test_a_sale_that_goes_on_after_the_event_is_a_bad_line(organiser: Organiser) -> None:
    told = "name,starts_at,sales_end_at\nConcert,2026-05-01 19:30,2026-05-03 10:00"
    parsed = parse_file(told.encode(), filename="", defaults=DEFAULTS, now=NOW)
    [bad] = run(organiser, parsed).bad
    assert (bad.line, bad.reason.split(":")[0]) == (2, "sales_end_at")
    assert not Event.objects.exists()


def make_booking_at(event: Event, *, seats: int) -> None:
    """The makers book at the real now, when the samples' events are over."""
    book(
        event_id=event.pk,
        request=BookingRequest(user_id=make_user().pk, quantity=seats),
        now=NOW,
    )


def test_an_organisers_edit_is_never_overwritten(organiser: Organiser, owner: User) -> None:
    parsed = sheet("Talk,2026-05-01 19:30,10,5,a")
    run(organiser, parsed)
    event = Event.objects.get()
    edit_event(
        event_id=event.pk,
        by=owner,
        changes={"name": "My talk"},
        expected_version=event.version,
        now=NOW,
    )
    before = state()
    report = run(organiser, sheet("Their talk,2026-05-01 19:30,10,5,a"), partial=True)
    assert figures(report) == (0, 0, 0, 1)
    assert "Nothing is overwritten" in report.bad[0].reason
    assert state() == before


def test_publishing_by_hand_leaves_an_unchanged_row_unchanged(
    organiser: Organiser, owner: User
) -> None:
    parsed = sheet("Talk,2026-05-01 19:30,10,5,a")
    run(organiser, parsed)
    publish_event(event_id=Event.objects.get().pk, by=owner, now=NOW)
    before = state()
    assert figures(run(organiser, parsed)) == (0, 0, 1, 0)
    assert state() == before


def test_a_capacity_below_what_is_sold_is_a_bad_line(organiser: Organiser) -> None:
    run(organiser, sheet("Talk,2026-05-01 19:30,10,5,a"), publish=True)
    make_booking_at(Event.objects.get(), seats=7)
    before = state()
    report = run(organiser, sheet("New name,2026-05-01 19:30,6,5,a"), partial=True)
    assert "7 confirmed" in report.bad[0].reason
    assert state() == before


def test_a_cancelled_event_stays_as_it_is(organiser: Organiser, owner: User) -> None:
    run(organiser, sheet("Talk,2026-05-01 19:30,10,5,a"), publish=True)
    cancel_event(event_id=Event.objects.get().pk, by=owner, now=NOW)
    before = state()
    report = run(organiser, sheet("New name,2026-05-01 19:30,10,5,a"), partial=True)
    assert "cancelled" in report.bad[0].reason
    assert state() == before


def test_two_organisers_may_import_the_same_calendar(organiser: Organiser) -> None:
    run(organiser, sample("good.csv"))
    assert run(make_organiser(), sample("good.csv")).created == 3


def test_only_those_who_run_the_organisers_events_import(organiser: Organiser, owner: User) -> None:
    viewer, manager, staff = make_user("Vera"), make_user("Max"), make_user("Sam", is_staff=True)
    add_member(organiser, viewer, Role.VIEWER)
    add_member(organiser, manager, Role.MANAGER)
    for stranger in (viewer, make_user("Stan")):
        with pytest.raises(OrganiserNotFound):
            run(organiser, sample("good.csv"), by=stranger)
    assert state() == []
    for member in (manager, owner, staff):
        run(organiser, sample("good.csv"), by=member)
    assert len(state()) == 3


def test_an_import_of_many_events_takes_few_queries(
    organiser: Organiser, django_assert_max_num_queries: Any
) -> None:
    lines = [f"Talk {n},2026-05-01 19:30,10,5,uid{n}" for n in range(300)]
    with django_assert_max_num_queries(8):
        run(organiser, sheet(*lines))
    with django_assert_max_num_queries(8):
        assert run(organiser, sheet(*lines)).unchanged == 300


def test_of_two_imports_at_once_the_second_changes_nothing(
    organiser: Organiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one looked before the first one had committed."""
    run(organiser, sample("good.csv"))
    before = state()
    monkeypatch.setattr(importing._Importer, "_known", lambda self, rows: {})
    with pytest.raises(Busy):
        run(organiser, sample("good.csv"))
    assert state() == before


@pytest.mark.django_db(transaction=True)
def test_imported_and_changed_events_add_up(organiser: Organiser) -> None:
    run(organiser, sheet("Talk,2026-05-01 19:30,10,5,a"), publish=True)
    make_booking_at(Event.objects.get(), seats=7)
    run(organiser, sheet("Talk,2026-05-01 19:30,30,5,a"))
    assert Event.objects.get().available_seats == 23
    assert audit_inventory(now=NOW).drifts == []


# --- The command ----------------------------------------------------------------------------------


def command(file: Path, *arguments: str, organiser: str = "kulturhaus") -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(
        "import_events", str(file), "--organiser", organiser, *arguments, stdout=out, stderr=err
    )
    return out.getvalue(), err.getvalue()


@pytest.mark.usefixtures("_spring")
def test_the_command_counts_what_it_did(organiser: Organiser) -> None:
    assert "3 created, 0 changed, 0 unchanged" in command(DATA / "good.csv")[0]
    out, _err = command(DATA / "good.csv", organiser=str(organiser.pk))
    assert "0 created, 0 changed, 3 unchanged" in out


@pytest.mark.usefixtures("_spring")
@pytest.mark.parametrize("partial", [False, True])
def test_the_command_fails_when_a_line_is_bad(organiser: Organiser, partial: bool) -> None:
    arguments = ["--partial"] if partial else []
    err = StringIO()
    with pytest.raises(CommandError) as failure:
        call_command(
            "import_events",
            str(DATA / "broken_lines.csv"),
            "--organiser",
            "Kulturhaus",
            *arguments,
            stdout=StringIO(),
            stderr=err,
        )
    bad = parse_file(
        (DATA / "broken_lines.csv").read_bytes(), filename="", defaults=DEFAULTS, now=NOW
    ).bad
    assert [f"Line {line.line}: {line.reason}" for line in bad] == err.getvalue().splitlines()
    assert failure.value.returncode == 1
    assert bool(state()) is partial


@pytest.mark.usefixtures("_spring")
def test_the_command_fills_in_what_a_calendar_does_not_say(organiser: Organiser) -> None:
    arguments = ("--capacity", "80", "--price", "12.50", "--currency", "CHF", "--publish")
    command(DATA / "google.ics", *arguments)
    event = Event.objects.filter(name="Spring market").get()
    assert (event.capacity, event.price, event.currency) == (80, Decimal("12.50"), "CHF")
    assert event.status == "published"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--timezone", "Mars/Base"), "time zone"),
        (("--currency", "XXQ"), "currency"),
        (("--price", "-1"), "price"),
        (("--capacity", "0"), "capacity"),
    ],
)
def test_the_command_says_which_option_is_wrong(
    organiser: Organiser, arguments: tuple[str, ...], told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        command(DATA / "good.csv", *arguments)


def test_the_command_says_which_organiser_or_file_it_does_not_find(organiser: Organiser) -> None:
    with pytest.raises(CommandError, match="no organiser"):
        command(DATA / "good.csv", organiser="Nobody")
    with pytest.raises(CommandError, match="cannot be read"):
        command(DATA / "missing.csv")
    make_organiser(name="KULTURHAUS")
    with pytest.raises(CommandError, match=str(organiser.pk)):
        command(DATA / "good.csv")
