"""The files of `tests/cases`, whose README has the right values; and their brothers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from events.importing import Defaults, EventRow, ParsedFile, ical_reader, parse_file
from events.validators import known_timezones

CASES = Path(__file__).parents[2] / "cases"
NOW = datetime(2026, 11, 27, tzinfo=UTC)
DEFAULTS = Defaults(timezone="Europe/Berlin", capacity=20, price=Decimal(0), currency="EUR")


def read(data: bytes, name: str = "events.ics", now: datetime = NOW) -> ParsedFile:
    return parse_file(data, filename=name, defaults=DEFAULTS, now=now)


def case(path: str) -> ParsedFile:
    return read((CASES / path).read_bytes(), path)


def calendar(*lines: str, head: str = "VERSION:2.0") -> bytes:
    text = ["BEGIN:VCALENDAR", head, "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""]
    return "\r\n".join(text).encode()


def spans(parsed: ParsedFile) -> list[tuple[str, str, str]]:
    assert parsed.bad == []
    times = "%m-%dT%H:%M"
    return [(row.name, f"{row.starts_at:{times}}", f"{row.ends_at:{times}}") for row in parsed.rows]


def only(parsed: ParsedFile) -> EventRow:
    assert parsed.bad == []
    (row,) = parsed.rows
    return row


# --- Folding --------------------------------------------------------------------------------------


def test_a_letter_that_a_fold_tears_apart_is_whole_again() -> None:
    row = only(case("01-fold-in-multibyte/fold.ics"))
    assert row.name == "Faltung"
    assert row.description.startswith("Abend mit Käse und Brot, dazu ein Lied über den Fluss.")


@given(
    text=st.text(st.characters(categories=("L", "S", "Zs"), exclude_characters="\\,;"), min_size=1),
    every=st.integers(1, 9),
    end=st.sampled_from([b"\r\n", b"\n"]),
    blank=st.sampled_from([b" ", b"\t"]),
)
def test_folds_at_every_byte_change_nothing(
    text: str, every: int, end: bytes, blank: bytes
) -> None:
    line = f"DESCRIPTION:x{text}x".encode()
    pieces = [line[at : at + every] for at in range(0, len(line), every)]
    start = ["SUMMARY:A", "DTSTART:20270310T180000Z", "FOLDED"]
    plain = calendar(*start).replace(b"FOLDED", line)
    folded = calendar(*start).replace(b"FOLDED", (end + blank).join(pieces))
    assert only(read(folded)).description == only(read(plain)).description


# --- Lengths --------------------------------------------------------------------------------------


def test_what_ends_when_it_starts_takes_the_usual_length() -> None:
    assert spans(case("02-allday-dtend-equals-dtstart/sameday.ics")) == [
        ("Open day", "04-04T22:00", "04-05T22:00"),
        ("Market", "04-06T09:00", "04-06T11:00"),
    ]


@pytest.mark.parametrize("duration", ["PT0S", "P0D", "PT0H0M"])
def test_a_duration_of_nothing_is_the_usual_length(duration: str) -> None:
    row = only(read(calendar("SUMMARY:A", "DTSTART:20270310T180000Z", f"DURATION:{duration}")))
    assert row.ends_at - row.starts_at == timedelta(hours=2)


@pytest.mark.parametrize("end", ["20200310T180000Z", "20200310T170000Z", "20200310T200000Z"])
def test_what_is_over_is_counted_and_refuses_no_file(end: str) -> None:
    parsed = read(calendar("SUMMARY:A", "DTSTART:20200310T180000Z", f"DTEND:{end}"))
    assert (parsed.past, parsed.rows, parsed.bad) == (1, [], [])


def test_what_ends_before_it_starts_is_refused_still() -> None:
    parsed = read(calendar("SUMMARY:A", "DTSTART:20270310T180000Z", "DTEND:20270310T170000Z"))
    assert "ends before" in parsed.bad[0].reason


def test_hours_pass_and_days_are_of_the_calendar_when_clocks_change() -> None:
    assert sorted(spans(case("12-dst-series/dst.ics"))) == [
        ("Gap", "03-28T01:30", "03-28T02:00"),
        ("Long night over DST", "03-27T21:00", "03-28T05:00"),
        ("P1D over DST", "03-27T11:00", "03-28T10:00"),
        ("Weekly over DST", "03-21T18:30", "03-22T00:00"),
        ("Weekly over DST", "03-28T17:30", "03-28T23:00"),
        ("Weekly over DST", "04-04T17:30", "04-04T23:00"),
    ]


@pytest.mark.parametrize(
    ("length", "hours"),
    [("DURATION:PT8H", 8), ("DURATION:P1D", 23), ("DURATION:P1DT2H", 25), ("DURATION:P1W", 167)],
)
def test_each_date_of_a_series_lasts_as_long(length: str, hours: int) -> None:
    start = "DTSTART;TZID=Europe/Berlin:20270320T220000"
    parsed = read(calendar("UID:a", "SUMMARY:A", start, length, "RRULE:FREQ=WEEKLY;COUNT=2"))
    lasts = [(row.ends_at - row.starts_at) // timedelta(hours=1) for row in parsed.rows]
    usual = {8: 8, 23: 24, 25: 26, 167: 168}[hours]
    assert lasts == [usual, hours]


# --- Revisions, rules, several calendars ----------------------------------------------------------


def test_the_newer_revision_counts_and_the_older_is_named() -> None:
    parsed = case("03-same-uid-newer-sequence/sequence.ics")
    row = only(parsed)
    assert (row.name, row.starts_at) == (
        "Choir evening (moved)",
        datetime(2027, 3, 17, 19, tzinfo=UTC),
    )
    assert [(note.line, note.reason) for note in parsed.notes] == [
        (4, "This is an older revision of line 12; it is left out.")
    ]


def test_an_exrule_is_refused_by_name() -> None:
    parsed = case("06-exrule/exrule.ics")
    assert parsed.rows == []
    assert [(bad.line, "EXRULE" in bad.reason) for bad in parsed.bad] == [(4, True)]


def test_each_calendar_of_a_file_has_its_own_zone() -> None:
    rows = case("09-two-calendars-one-file/two.ics").rows
    assert [(row.starts_at, row.timezone) for row in rows] == [
        (datetime(2027, 3, 10, 18, tzinfo=UTC), "Europe/Berlin"),
        (datetime(2027, 3, 11, 0, tzinfo=UTC), "America/New_York"),
    ]


def test_cancelled_entries_are_told() -> None:
    parsed = case("13-cancelled-in-calendar/after.ics")
    assert [(gone.line, gone.uid) for gone in parsed.cancelled] == [(4, "c1@case")]
    assert [row.name for row in parsed.rows] == ["Jazz"]


def test_quoted_printable_texts_of_old_calendars_are_read() -> None:
    row = only(
        read(
            calendar(
                "SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:K=FCche, Bar; Hof",
                "DESCRIPTION;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Erste=0D=0AZweite K=C3=",
                "=A4se",
                "DTSTART:20270310T180000Z",
                head="VERSION:1.0",
            )
        )
    )
    assert (row.name, row.description) == ("Küche, Bar; Hof", "Erste\nZweite Käse")


@pytest.mark.parametrize("name", sorted(WINDOWS_TO_OLSON))
def test_every_zone_of_outlook_is_known(name: str) -> None:
    row = only(read(calendar("SUMMARY:A", f'DTSTART;TZID="{name}":20270310T180000')))
    assert row.timezone in known_timezones()


def test_a_file_is_given_time_to_compute_and_not_time_on_the_wall(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.monotonic", lambda: float("inf"))
    assert only(case("01-fold-in-multibyte/fold.ics"))
    monkeypatch.setattr(ical_reader, "CPU_BUDGET_SECONDS", -1.0)
    assert "takes too long" in case("01-fold-in-multibyte/fold.ics").bad[0].reason


# --- Sheets ---------------------------------------------------------------------------------------


def test_lines_that_end_in_carriage_returns_are_read() -> None:
    assert [row.name for row in case("22-csv-shapes/cr.csv").rows] == ["A", "B"]


@pytest.mark.parametrize("name", ["header.csv", "utf16nobom.csv"])
def test_a_header_is_known_by_its_words(name: str) -> None:
    row = only(case(f"22-csv-shapes/{name}"))
    assert (row.name, row.capacity) == ("A", 10)
    assert row.starts_at == datetime(2027, 3, 10, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-8", "utf-8-sig"])
def test_every_encoding_of_unicode_is_read(encoding: str) -> None:
    text = "name,starts_at\nKäse,2027-03-10 19:30\n"
    assert only(read(text.encode(encoding), "a.csv")).name == "Käse"


def test_clear_spellings_are_read_and_others_refused_with_line_and_column() -> None:
    parsed = case("22-csv-shapes/lower.csv")
    assert [(row.line, f"{row.starts_at:%H:%M}", row.currency) for row in parsed.rows] == [
        (2, "18:30", "EUR"),
        (4, "18:30", "EUR"),
        (5, "08:30", "EUR"),
    ]
    assert [bad.line for bad in parsed.bad] == [3, 6]
    assert "price '12.50' must be an amount of JPY such as 12" in parsed.bad[0].reason
    assert "starts_at '2027-03-10' is no date and time" in parsed.bad[1].reason
    assert "2026-05-01 7:30 PM" in parsed.bad[1].reason


@pytest.mark.parametrize(
    ("told", "hour"),
    [("12:00 AM", 0), ("12:30 pm", 12), ("1:05 a.m.", 1), ("11:59PM", 23), ("7:00", 7)],
)
def test_halves_of_a_day(told: str, hour: int) -> None:
    row = only(read(f"name,starts_at,timezone\nA,2027-03-10 {told},UTC\n".encode(), "a.csv"))
    assert row.starts_at.hour == hour


@pytest.mark.parametrize("told", ["13:00 PM", "0:30 AM", "7 PM", "25:00", "19.30"])
def test_no_time_of_day(told: str) -> None:
    parsed = read(f"name,starts_at\nA,2027-03-10 {told}\n".encode(), "a.csv")
    assert [bad.line for bad in parsed.bad] == [2]


def test_short_rows_lack_their_last_columns_and_long_ones_are_refused() -> None:
    assert [(row.name, row.venue) for row in case("22-csv-shapes/short.csv").rows] == [
        ("A", ""),
        ("B", "Hall"),
    ]
    long = read(b"name,starts_at\nA,2027-03-10 19:30,more\n", "a.csv")
    assert "3 columns" in long.bad[0].reason


def test_quotes_and_lines_inside_of_them() -> None:
    row = only(case("22-csv-shapes/quotes.csv"))
    assert (row.name, row.price) == ('The "Best" of, well', Decimal("12.50"))
    assert only(case("22-csv-shapes/multiline.csv")).description == (
        "line one\nline two, with comma"
    )


def test_a_comma_that_may_part_thousands_is_refused() -> None:
    text = 'name,starts_at,price,currency\nA,2027-03-10 19:30,"1,250",KWD\n'
    assert "price" in read(text.encode(), "a.csv").bad[0].reason
