"""Bookings as CSV and XLSX: what stands in the cells, what must not act there, and how much."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from django.db import connection
from django.utils import translation
from django.utils.functional import lazy
from openpyxl import load_workbook
from psycopg.pq import TransactionStatus

from bookings import exporting
from bookings.exporting import COLUMNS, csv_chunks, write_xlsx
from bookings.models import Booking
from bookings.services import cancel_booking
from evently.accounts.models import User
from events.models import Event
from tests.browser.server import process_environment
from tests.makers import (
    make_booking,
    make_event,
    make_user,
    make_users,
    mark_paid,
    store_as_it_is,
)

pytestmark = pytest.mark.django_db
# For tests of a cursor that outlives its statement, and of other processes.
real_commits = pytest.mark.django_db(transaction=True)

TITLES = [str(title) for title, width in COLUMNS]
MANY = 10_000
# All rows in one list take twice as much.
MOST_MEGABYTES = 6
MOST_SECONDS = 30


def read_csv(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def as_csv() -> list[list[str]]:
    return read_csv(b"".join(csv_chunks(Booking.objects.order_by("created_at"))))


def as_xlsx() -> io.BytesIO:
    file = io.BytesIO()
    write_xlsx(Booking.objects.order_by("created_at"), file)
    file.seek(0)
    return file


def cells() -> list[list[Any]]:
    """The values of all cells of the workbook's first sheet."""
    sheet = load_workbook(as_xlsx()).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def make_concert(**fields: Any) -> Event:
    starts_at = datetime(2090, 7, 1, 17, 30, tzinfo=UTC)
    values: dict[str, Any] = {"starts_at": starts_at, "price": Decimal("1234.50")}
    return make_event(**values | fields)


def book_at(event: Event, user: User, instant: datetime, quantity: int = 1) -> Booking:
    booking = make_booking(event, user, quantity)
    Booking.objects.filter(pk=booking.pk).update(created_at=instant)
    return booking


# --- What stands in a file ----------------------------------------------------------------------


def test_a_csv_row_tells_all_of_a_booking_on_the_events_clocks() -> None:
    ada = make_user("Ada", email="ada@example.com")
    booked_at = datetime(2026, 1, 2, 9, 5, 7, 123, tzinfo=UTC)
    booking = book_at(make_concert(name="Late Jazz"), ada, booked_at, quantity=2)
    assert as_csv() == [
        TITLES,
        [
            *(booking.reference, "Ada", "ada@example.com", "Late Jazz"),
            *("2090-07-01T19:30:00+02:00", "Europe/Berlin", "2", "1234.50", "2469.00", "EUR"),
            *("Confirmed", "", "", "Nothing to refund", "2026-01-02T10:05:07+01:00", ""),
        ],
    ]


def test_a_workbook_has_real_numbers_and_dates() -> None:
    ada = make_user("Ada", email="ada@example.com")
    booked_at = datetime(2026, 1, 2, 9, 5, 7, tzinfo=UTC)
    booking = book_at(make_concert(name="Late Jazz"), ada, booked_at, quantity=2)
    titles, row = cells()
    assert titles == TITLES
    assert row == [
        *(booking.reference, "Ada", "ada@example.com", "Late Jazz"),
        *(datetime(2090, 7, 1, 19, 30), "Europe/Berlin", 2, 1234.5, 2469, "EUR"),  # noqa: DTZ001
        *("Confirmed", None, None, "Nothing to refund"),
        *(datetime(2026, 1, 2, 10, 5, 7), None),  # noqa: DTZ001
    ]


def test_a_cancelled_booking_has_its_refund_and_the_time_it_was_cancelled_at() -> None:
    booking = make_booking(make_concert())
    mark_paid(booking)
    now = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    cancel_booking(reference=booking.reference, by=booking.user, now=now)
    row = as_csv()[1]
    assert (row[10], row[11], row[13], row[15]) == (
        "Cancelled",
        "1234.50",
        "To be refunded",
        "2026-03-29T03:00:00+02:00",
    )


def test_titles_of_a_workbook_are_bold_and_stay_and_columns_can_be_filtered() -> None:
    make_booking(make_concert())
    sheet = load_workbook(as_xlsx()).worksheets[0]
    assert (sheet.title, sheet.freeze_panes, sheet.auto_filter.ref) == ("Bookings", "A2", "A1:P2")
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.column_dimensions["C"].width > sheet.column_dimensions["G"].width
    assert (sheet["H2"].number_format, sheet["E2"].is_date) == ("#,##0.00", True)


def test_no_bookings_make_a_file_of_titles() -> None:
    assert as_csv() == [TITLES]
    assert cells() == [TITLES]


def test_words_are_in_the_language_of_the_call_even_when_the_file_is_read_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    language = lazy(translation.get_language, str)()
    monkeypatch.setattr(exporting, "COLUMNS", [(language, 1)])
    with translation.override("de"):
        chunks = csv_chunks(Booking.objects.all())
    assert read_csv(b"".join(chunks)) == [["de"]]


def test_only_the_bookings_that_were_asked_for_are_in_the_file() -> None:
    wanted, other = make_booking(make_concert()), make_booking(make_concert())
    chunks = csv_chunks(Booking.objects.filter(event=wanted.event))
    references = [row[0] for row in read_csv(b"".join(chunks))[1:]]
    assert references == [wanted.reference] != [other.reference]


# --- Texts that people chose --------------------------------------------------------------------

NAMES = [
    "=1+1",
    '=HYPERLINK("https://evil.example","Prize")',
    "+49 30 1234",
    "-2+3",
    "@SUM(A1:A9)",
    "\tTab",
    "\rReturn",
    "\nNewline",
    "＝1+1",
]
HARMLESS = [
    "علياء (بيروت)",
    "\u202eright to left",
    "👩🏽‍🎤 Zoë O'Rock",
    'Says "hi", often; twice',
    "Two\nlines",
    "a=b",
    "{=SUM(A1)}",
    "https://example.com/a",
    "mailto:x@example.com",
    "00123",
    "1e5",
    "<b>bold</b> & co",
    "x" * 150,
]


def make_booking_between(name: str) -> None:
    """A booking of an event and by a person of this name."""
    event, person = make_concert(), make_user(email="x@example.com")
    for row in (event, person):
        store_as_it_is(row, name=name)
    make_booking(event, person)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_spreadsheet_would_run_is_text_in_a_csv(name: str) -> None:
    make_booking_between(name)
    row = as_csv()[1]
    assert (row[1], row[3]) == (f"'{name}", f"'{name}")


def test_an_address_that_begins_like_a_formula_is_text_too() -> None:
    make_booking(make_concert(), make_user(email="=cmd@example.com"))
    assert as_csv()[1][2] == "'=cmd@example.com"


def test_texts_are_quoted_so_that_another_separator_splits_none() -> None:
    make_booking(make_concert(name="a;=1+1"))
    assert b'"a;=1+1"' in b"".join(csv_chunks(Booking.objects.all()))


@pytest.mark.parametrize("name", [*NAMES, *HARMLESS])
def test_a_workbook_holds_every_text_as_text(name: str) -> None:
    make_booking_between(name)
    sheet = load_workbook(as_xlsx()).worksheets[0]
    for cell in (sheet["B2"], sheet["D2"]):
        assert cell.data_type in {"s", "inlineStr"}
        assert cell.hyperlink is None
        assert cell.value.replace("_x000D_", "\r") == name


@pytest.mark.parametrize("name", HARMLESS)
def test_a_csv_holds_every_other_text_as_it_is(name: str) -> None:
    make_booking_between(name)
    row = as_csv()[1]
    assert (row[1], row[3]) == (name, name)


@pytest.mark.parametrize(
    "name",
    [
        "".join(map(chr, range(1, 32))) + "\x7f\x85",
        "\ufffe\uffff",
        "<r><t>a</t></r>",
        "<r></broken> & </r>",
        "]]>",
        "_x0041_",
    ],
    ids=ascii,
)
def test_no_text_breaks_a_workbook(name: str) -> None:
    make_booking_between(name)
    file = as_xlsx()
    with ZipFile(file) as archive:
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    texts = ["".join(cell.itertext()) for cell in sheet.iter() if cell.tag.endswith("}is")]
    row = texts[len(TITLES) :]
    assert row[1] == row[3]
    assert (row[2], len(row)) == ("x@example.com", 8)
    if name.startswith("<r>"):
        assert row[1] == f" {name}"


# --- Many ---------------------------------------------------------------------------------------


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "ROWS_AT_ONCE", 2)


@real_commits
def test_a_csv_comes_in_pieces_shows_one_instant_and_keeps_no_transaction_open(
    few_at_once: None,
) -> None:
    event = make_concert()
    bookings = [make_booking(event) for _ in range(7)]
    chunks = csv_chunks(Booking.objects.order_by("created_at"))
    first = [next(chunks), next(chunks)]
    driver = connection.connection
    assert driver.info.transaction_status == TransactionStatus.IDLE
    last = bookings[-1]
    cancel_booking(reference=last.reference, by=last.user, now=datetime.now(UTC))
    make_booking(event)
    rest = list(chunks)
    rows = read_csv(b"".join([*first, *rest]))[1:]
    assert len(rest) == 2
    assert [row[0] for row in rows] == [booking.reference for booking in bookings]
    assert {row[10] for row in rows} == {"Confirmed"}


def test_what_one_sheet_cannot_hold_goes_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "ROWS_OF_A_SHEET", 2)
    event = make_concert()
    bookings = [make_booking(event) for _ in range(5)]
    sheets = load_workbook(as_xlsx()).worksheets
    assert [sheet.title for sheet in sheets] == ["Bookings", "Bookings 2", "Bookings 3"]
    assert [sheet.auto_filter.ref for sheet in sheets] == ["A1:P3", "A1:P3", "A1:P2"]
    rows = [row for sheet in sheets for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert [row[0] for row in rows] == [booking.reference for booking in bookings]


def make_many_bookings() -> None:
    """`MANY` bookings of ten events by a thousand people, a tenth of them cancelled."""
    events = [make_concert(name=f"Evening {number}", capacity=MANY) for number in range(10)]
    people, now = make_users(1_000), datetime(2026, 1, 1, tzinfo=UTC)
    Booking.objects.bulk_create(
        [
            Booking(
                event=events[number % len(events)],
                user=people[number % len(people)],
                quantity=1 + number % 4,
                unit_price=Decimal("1234.50"),
                currency="EUR",
                only_one_per_person=False,
                created_at=now + timedelta(seconds=number),
                status="confirmed" if number % 10 else "cancelled",
                cancelled_at=None if number % 10 else now,
            )
            for number in range(MANY)
        ],
        batch_size=5_000,
    )


# Run in a process of its own: in this one, the memory of other tests would hide what it takes.
EXPORT = """
import json, sys, time
from pathlib import Path
import django
django.setup()
from bookings.exporting import csv_chunks, write_xlsx
from bookings.models import Booking

def megabytes(kind):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) / 1024

def write_csv(bookings, file):
    file.writelines(csv_chunks(bookings))

for write, name in ((write_csv, "csv"), (write_xlsx, "xlsx")):
    path = Path(sys.argv[1], f"bookings.{name}")
    bookings = Booking.objects.order_by("-created_at", "-id")
    with path.open("wb") as file:
        write(bookings[:1], file)
    before, begun = megabytes("VmRSS"), time.process_time()
    with path.open("wb") as file:
        write(bookings, file)
    grown, took = megabytes("VmHWM") - before, time.process_time() - begun
    print(json.dumps([name, grown, took, path.stat().st_size]))
"""


def export_elsewhere(folder: Path) -> Iterator[tuple[str, float, float]]:
    """Write both files in a new process.

    Gives their kinds, the megabytes it grew by, and the seconds that it worked: what else the
    machine is busy with does not count.
    """
    command = [sys.executable, "-c", EXPORT, str(folder)]
    done = subprocess.run(
        command, env=process_environment(), stdout=subprocess.PIPE, text=True, check=True
    )
    for line in done.stdout.splitlines():
        name, grown, took, size = json.loads(line)
        told = f"{took:.1f} s, {size} bytes, {grown:.1f} MB more memory"
        print(f"{MANY} bookings as {name}: {told}")  # noqa: T201 (for `pytest -s`)
        yield name, grown, took


@real_commits
@pytest.mark.timeout(600)  # most of it is making the bookings and reading the workbook
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_many_bookings_are_exported_in_little_memory_and_seconds(tmp_path: Path) -> None:
    make_many_bookings()
    for name, grown, took in export_elsewhere(tmp_path):
        assert grown < MOST_MEGABYTES, name
        assert took < MOST_SECONDS, name
    references = set(Booking.objects.values_list("reference", flat=True))
    with (tmp_path / "bookings.csv").open(encoding="utf-8-sig", newline="") as file:
        titles, *rows = csv.reader(file)
    assert (titles, len(rows)) == (TITLES, MANY)
    assert {row[0] for row in rows} == references
    workbook = load_workbook(tmp_path / "bookings.xlsx", read_only=True)
    cells: Any = workbook.worksheets[0].iter_rows(min_row=2, values_only=True)
    totals = {row[0]: row[8] for row in cells}
    workbook.close()
    assert totals.keys() == references
    assert totals == {row[0]: float(row[8]) for row in rows}
