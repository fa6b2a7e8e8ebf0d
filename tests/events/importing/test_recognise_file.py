"""What a file is, decided before a line of it is read."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from events.importing import BadLine, Defaults, ParsedFile, parse_file

DEFAULTS = Defaults(timezone="UTC", capacity=10, price=Decimal(0), currency="EUR")
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
CALENDAR = (
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nSUMMARY:Talk\nDTSTART:20260501T180000Z\n"
    "END:VEVENT\nEND:VCALENDAR\n"
)
TABLE = "name,starts_at\nTalk,2026-05-01 18:00\n"


def read(data: bytes, filename: str) -> ParsedFile:
    return parse_file(data, filename=filename, defaults=DEFAULTS, now=NOW)


def only_refusal(parsed: ParsedFile) -> BadLine:
    assert parsed.rows == []
    (bad,) = parsed.bad
    return bad


@pytest.mark.parametrize("filename", ["events.ics", "events.csv", "events"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("text", [CALENDAR, "\n" + CALENDAR.replace("VCALENDAR", "vcalendar")])
def test_a_calendar_is_known_by_its_content(filename: str, encoding: str, text: str) -> None:
    parsed = read(text.encode(encoding), filename)

    assert [row.uid for row in parsed.rows] == ["a"]


def test_a_table_is_read_as_such_whatever_its_name() -> None:
    assert [row.name for row in read(TABLE.encode(), "events.txt").rows] == ["Talk"]


def test_a_calendar_file_without_a_calendar_is_told() -> None:
    assert "no iCalendar file" in only_refusal(read(TABLE.encode(), "Events.ICS")).reason


def test_a_workbook_is_told_apart_from_a_wrong_encoding() -> None:
    assert "save it as CSV" in only_refusal(read(b"PK\x03\x04\x14\x00", "events.xlsx")).reason


def test_a_file_above_ten_megabytes_is_refused() -> None:
    limit = 10 * 1024 * 1024
    padding = (b"\n" + b" " * 999) * (limit // 1_000)
    padding += b" " * (limit - len(TABLE) - len(padding))

    assert len(read(TABLE.encode() + padding, "events.csv").rows) == 1
    refused = only_refusal(read(TABLE.encode() + padding + b" ", "events.csv"))
    assert "larger than 10 MB" in refused.reason


def test_a_cut_utf16_file_is_told() -> None:
    bad = only_refusal(read(TABLE.encode("utf-16")[:-1], "events.csv"))

    assert bad.line == 2
    assert "UTF-16" in bad.reason
