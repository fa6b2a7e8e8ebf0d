"""Bookings as a file: CSV and XLSX, one row each, in memory that does not grow with their number.

A single statement reads the rows through a cursor of the database's (Django's `iterator()`), so
that a file shows one instant; outside of a transaction, as a slow reader must not keep one open.
Times are those of the event's own clocks.
"""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from io import StringIO
from itertools import chain, islice
from tempfile import TemporaryFile
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from bookings.models import Booking
from evently.money import MAX_PLACES, amount_text

ROWS_AT_ONCE = 500
PIECE_BYTES = 64 * 1024
# A worksheet holds 2^20 rows; one is for the titles.
ROWS_OF_A_SHEET = 2**20 - 1
BOM = "\ufeff"
# A spreadsheet takes a text that begins so for a formula (OWASP, "CSV Injection").
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Cell = str | int | Decimal | datetime | None

# Titles, and widths in characters.
COLUMNS = (
    (_("Reference"), 14),
    (_("Name"), 24),
    (_("E-mail"), 30),
    (_("Event"), 32),
    (_("Starts at"), 17),
    (_("Time zone"), 18),
    (_("Seats"), 8),
    (_("Price of a seat"), 14),
    (_("Total"), 12),
    (_("Currency"), 9),
    (_("Status"), 12),
    (_("Payment received"), 18),
    (_("Payment noted at"), 18),
    (_("Refund"), 18),
    (_("Booked at"), 17),
    (_("Cancelled at"), 17),
)
FIELDS = (
    *("reference", "user__name", "user__email", "event__name", "event__starts_at"),
    *("event__timezone", "quantity", "unit_price", "currency", "status"),
    *("amount_received", "received_at", "refund"),
    *("created_at", "cancelled_at"),
)


def csv_chunks(bookings: QuerySet[Booking]) -> Iterator[bytes]:
    """The bookings as CSV in UTF-8 with a byte order mark (by which Excel knows it), in pieces.

    Instants are ISO 8601 with their offset. Texts are quoted, and those that a spreadsheet would
    take for a formula begin with an apostrophe. The language is that of the call.
    """
    titles: list[Cell] = [str(title) for title, width in COLUMNS]
    return _csv_chunks(titles, _rows(bookings))


def write_xlsx(bookings: QuerySet[Booking], file: IO[bytes]) -> None:
    """Write the bookings as a workbook whose numbers and dates are real ones, and texts texts.

    Rows wait in temporary files, not in memory. What one sheet cannot hold goes on the next.

    Args:
        file: open for writing; stays open.
    """
    rows = _rows(bookings)
    # A date in a cell has no zone: it is what the clocks show.
    with Workbook(file, {"constant_memory": True, "remove_timezone": True}) as book:
        while _write_sheet(book, islice(rows, ROWS_OF_A_SHEET)) == ROWS_OF_A_SHEET:
            pass


def xlsx_chunks(bookings: QuerySet[Booking]) -> Iterator[bytes]:
    """The workbook in pieces. It is a zip archive: the first comes when all is written."""
    with TemporaryFile() as file:
        write_xlsx(bookings, file)
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece


def _rows(bookings: QuerySet[Booking]) -> Iterator[list[Cell]]:
    records = bookings.values_list(*FIELDS, named=True).iterator(chunk_size=ROWS_AT_ONCE)
    choices = (*Booking.Status.choices, *Booking.Refund.choices)
    words = {value: str(label) for value, label in choices}
    return (_cells(record, words) for record in records)


def _cells(booking: Any, words: Mapping[str, str]) -> list[Cell]:
    """One booking, in the order of `COLUMNS`."""
    zone = ZoneInfo(booking.event__timezone)
    return [
        booking.reference,
        booking.user__name,
        booking.user__email,
        booking.event__name,
        booking.event__starts_at.astimezone(zone),
        booking.event__timezone,
        booking.quantity,
        _amount(booking.unit_price, booking.currency),
        _amount(booking.unit_price * booking.quantity, booking.currency),
        booking.currency,
        words[booking.status],
        booking.amount_received and _amount(booking.amount_received, booking.currency),
        booking.received_at and booking.received_at.astimezone(zone),
        words[booking.refund],
        booking.created_at.astimezone(zone),
        booking.cancelled_at and booking.cancelled_at.astimezone(zone),
    ]


def _amount(amount: Decimal, currency: str) -> Decimal:
    """The same amount, with the decimals that its currency has."""
    return Decimal(amount_text(amount, currency))


def _csv_chunks(titles: list[Cell], rows: Iterator[list[Cell]]) -> Iterator[bytes]:
    lines = chain([titles], ([_csv_cell(cell) for cell in row] for row in rows))
    mark = BOM
    while some := list(islice(lines, ROWS_AT_ONCE)):
        text = StringIO(newline="")
        csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows(some)
        yield (mark + text.getvalue()).encode()
        mark = ""


def _csv_cell(cell: Cell) -> Cell:
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    if isinstance(cell, str) and cell.startswith(FORMULA_BEGINS):
        return f"'{cell}"
    return cell


def _write_sheet(book: Workbook, rows: Iterator[list[Cell]]) -> int:
    """Add a sheet with the rows; returns how many."""
    money = [
        book.add_format({"num_format": "#,##0" + ("." + "0" * places if places else "")})
        for places in range(MAX_PLACES + 1)
    ]
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet, written = _new_sheet(book), 0
    for written, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(written, column, cell, moment)
            elif isinstance(cell, Decimal):
                sheet.write_number(written, column, cell, money[_places(cell)])
            elif isinstance(cell, int):
                sheet.write_number(written, column, cell)
            elif cell:
                sheet.write_string(written, column, _plain(cell))
    sheet.autofilter(0, 0, written, len(COLUMNS) - 1)
    return written


def _places(amount: Decimal) -> int:
    return -int(amount.as_tuple().exponent)


def _new_sheet(book: Workbook) -> Worksheet:
    """A sheet with its titles, which stay in sight."""
    number = len(book.worksheets()) + 1
    sheet = book.add_worksheet(gettext("Bookings") + (f" {number}" if number > 1 else ""))
    bold = book.add_format({"bold": True})
    for column, (title, width) in enumerate(COLUMNS):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, str(title), bold)
    sheet.freeze_panes(1, 0)
    return sheet


def _plain(text: str) -> str:
    # XlsxWriter takes a text that begins so for markup of its own, and would not escape it.
    return f" {text}" if text.startswith("<r>") else text
