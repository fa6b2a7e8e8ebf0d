"""Event rows from a CSV file with a header line."""

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest

from events.importing import rows
from events.importing.rows import Defaults, EventRow, Gathered, ParsedFile, Unreadable

REQUIRED = ("name", "starts_at")
COLUMNS = frozenset(
    {
        *REQUIRED,
        *("description", "venue", "ends_at", "timezone", "capacity", "price", "currency"),
        *("max_per_booking", "sales_start_at", "sales_end_at", "uid"),
    }
)
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What holds for every line of one file."""

    columns: list[str]
    delimiter: str
    defaults: Defaults
    now: datetime


def read_csv(text: str, *, defaults: Defaults, now: datetime) -> ParsedFile:
    """Read the rows; comma, semicolon or tab is found out from the header.

    Columns that are not known are left alone. Empty lines are skipped.
    """
    gathered = Gathered()
    with suppress(rows.TooManyBadLines):  # the last bad line tells it
        _gather(text, defaults, now, gathered)
    return gathered.result()


def _gather(text: str, defaults: Defaults, now: datetime, gathered: Gathered) -> None:
    delimiter = _delimiter(text)
    records = _records(text, delimiter, gathered)
    line, header = next(records, (1, []))
    columns = ["_".join(cell.lower().split()) for cell in header]
    fault = _header_fault(columns)
    if fault:
        gathered.refuse(line, fault)
        return
    sheet = _Sheet(columns, delimiter, defaults, now)
    for line, cells in records:
        try:
            gathered.accept(_row(line, cells, sheet))
        except Unreadable as error:
            gathered.refuse(line, f"{error}{_shortness(cells, columns)}")


def _shortness(cells: list[str], columns: list[str]) -> str:
    """The last columns may be left out, but may also have got lost."""
    if len(cells) >= len(columns):
        return ""
    return f" The line has {len(cells)} of {len(columns)} columns."


def _delimiter(text: str) -> str:
    """The one that finds most of the known columns in the first line that has any text."""
    header = next(iter(text.lstrip().splitlines()), "").lower()

    def found(delimiter: str) -> int:
        return len(
            COLUMNS & {"_".join(cell.strip(' "').split()) for cell in header.split(delimiter)}
        )

    return max(_DELIMITERS, key=found)


def _records(text: str, delimiter: str, gathered: Gathered) -> Iterator[tuple[int, list[str]]]:
    """Records that have any text, each with the physical line it starts on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            gathered.refuse(line, _quoting_fault(error, line, reader.line_num))
            continue
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _quoting_fault(error: csv.Error, first: int, last: int) -> str:
    if "field larger" in str(error):
        return "A field is far too long; shorten it or close its quotes."
    if "unexpected end" in str(error):
        return "A quote that opens here is never closed; close it. Nothing after it was read."
    where = f" (lines {first} to {last} belong to it)" if last > first else ""
    return f'The quotes are broken{where}; inside a quoted field write "" for a quote.'


def _header_fault(columns: list[str]) -> str:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        return (
            f"The header lacks {' and '.join(missing)}; the first line must name the columns, "
            f"of which these are known: {', '.join(sorted(COLUMNS))}."
        )
    twice = sorted(name for name in COLUMNS if columns.count(name) > 1)
    return f"The header names {' and '.join(twice)} twice; keep one." if twice else ""


def _row(line: int, cells: list[str], sheet: _Sheet) -> EventRow:
    if len(cells) > len(sheet.columns):
        raise Unreadable(
            f"The line has {len(cells)} columns and the header {len(sheet.columns)}; "
            "put quotes around a field that contains the delimiter."
        )
    cell = {name: text.strip() for name, text in zip_longest(sheet.columns, cells, fillvalue="")}
    values = {name: cell.get(name, "") for name in COLUMNS}
    name = rows.checked_name(values["name"])
    venue = rows.checked_text(values["venue"], what="venue", limit=rows.MAX_VENUE)
    timezone = rows.checked_timezone(values["timezone"] or sheet.defaults.timezone)
    currency = rows.checked_currency(values["currency"] or sheet.defaults.currency)
    starts_at, ends_at = _span(values, timezone, sheet.now)
    uid = rows.checked_text(values["uid"], what="uid", limit=rows.MAX_UID)
    return EventRow(
        line=line,
        uid=uid or rows.derived_uid(name=name, starts_at=starts_at, venue=venue),
        name=name,
        description=rows.checked_text(
            values["description"], what="description", limit=rows.MAX_DESCRIPTION, lines=True
        ),
        venue=venue,
        starts_at=starts_at,
        ends_at=ends_at,
        timezone=timezone,
        capacity=rows.checked_capacity(values["capacity"], default=sheet.defaults.capacity),
        price=_price(values["price"], currency, sheet),
        currency=currency,
        max_per_booking=_max_per_booking(values["max_per_booking"]),
        sales_start_at=_moment_of_sale(values, "sales_start_at", timezone),
        sales_end_at=_moment_of_sale(values, "sales_end_at", timezone),
    )


def _span(values: dict[str, str], timezone: str, now: datetime) -> tuple[datetime, datetime]:
    if not values["starts_at"]:
        raise Unreadable("The starts_at is missing; write it like 2026-05-01 19:30.")
    starts_at = rows.checked_moment(values["starts_at"], what="starts_at", timezone=timezone)
    ends_at = starts_at + rows.USUAL_LENGTH
    if values["ends_at"]:
        ends_at = rows.checked_moment(values["ends_at"], what="ends_at", timezone=timezone)
    rows.check_span(starts_at, ends_at)
    if ends_at <= now:
        raise Unreadable("The event has already ended; remove the line or correct its dates.")
    return starts_at, ends_at


def _moment_of_sale(values: dict[str, str], column: str, timezone: str) -> datetime | None:
    text = values[column]
    return rows.checked_moment(text, what=column, timezone=timezone) if text else None


def _price(text: str, currency: str, sheet: _Sheet) -> Decimal:
    if not text:
        return rows.checked_price(str(sheet.defaults.price), currency=currency)
    return rows.checked_price(text, currency=currency, decimal_comma=sheet.delimiter == ";")


def _max_per_booking(text: str) -> int | None:
    return rows.checked_seats(text, what="max_per_booking") if text else None
