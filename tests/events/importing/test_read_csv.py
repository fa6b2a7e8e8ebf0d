"""Reading event rows from CSV files."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from events.importing import BadLine, Defaults, EventRow, ParsedFile, parse_file

DATA = Path(__file__).parents[1] / "data"
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def defaults(capacity: int | None = 100) -> Defaults:
    return Defaults(
        timezone="Europe/Berlin", capacity=capacity, price=Decimal("5.00"), currency="EUR"
    )


def read(data: str | bytes, *, capacity: int | None = 100) -> ParsedFile:
    raw = data.encode() if isinstance(data, str) else data
    return parse_file(raw, filename="events.csv", defaults=defaults(capacity), now=NOW)


def read_sample(name: str) -> ParsedFile:
    return read((DATA / name).read_bytes())


def read_cells(**cells: str) -> ParsedFile:
    """One row; what is not given is a good value."""
    values = {"name": "Concert", "starts_at": "2026-05-01 19:30"} | cells
    quoted = ('"' + value.replace('"', '""') + '"' for value in values.values())
    return read(",".join(values) + "\n" + ",".join(quoted) + "\n")


def only_row(parsed: ParsedFile) -> EventRow:
    assert parsed.bad == []
    (row,) = parsed.rows
    return row


def only_refusal(parsed: ParsedFile) -> BadLine:
    assert parsed.rows == []
    (bad,) = parsed.bad
    return bad


def test_a_full_file_gives_every_column() -> None:
    parsed = read_sample("good.csv")

    assert parsed.bad == []
    assert parsed.rows[0] == EventRow(
        line=2,
        uid="spring-2026",
        name="Spring concert",
        description="Doors at seven.\nSeats are not numbered, come early.",
        venue="Town hall",
        starts_at=datetime(2026, 5, 1, 17, 30, tzinfo=UTC),
        ends_at=datetime(2026, 5, 1, 20, 0, tzinfo=UTC),
        timezone="Europe/Berlin",
        capacity=250,
        price=Decimal("18.50"),
        currency="EUR",
        max_per_booking=6,
    )


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    assert [row.line for row in read_sample("good.csv").rows] == [2, 5, 6]


def test_the_zone_and_currency_of_the_row_win() -> None:
    run = read_sample("good.csv").rows[2]

    assert (run.timezone, run.currency) == ("America/New_York", "USD")
    assert run.starts_at == datetime(2026, 6, 14, 13, tzinfo=UTC)


def test_semicolons_decimal_commas_mark_and_unknown_columns_are_understood() -> None:
    parsed = read_sample("semicolon_bom.csv")

    assert parsed.bad == []
    assert [(row.name, row.price) for row in parsed.rows] == [
        ("Führung durch die Altstadt", Decimal("12.50")),
        ("Lesung", Decimal(8)),
    ]


def test_utf16_with_tabs_is_understood() -> None:
    assert only_row(read_sample("utf16_tabs.csv")).name == "Čtení"


def test_wrong_lines_are_named_and_do_not_hide_good_ones() -> None:
    parsed = read_sample("broken_lines.csv")

    assert [row.name for row in parsed.rows] == ["Good", 'Bad "quotes"', "After all that"]
    reasons = {bad.line: bad.reason for bad in parsed.bad}
    assert list(reasons) == [3, 5, 6, 7, 8, 9, 12]
    assert "3 of 11 columns" in reasons[3]
    assert "quotes are broken" in reasons[5]
    assert "ends before or when it starts" in reasons[6]
    assert "does not exist in Europe/Berlin" in reasons[7]
    assert "already ended" in reasons[8]
    assert "'tomorrow' is no date and time" in reasons[9]
    assert "never closed" in reasons[12]


def test_another_encoding_imports_nothing_and_names_the_line() -> None:
    bad = only_refusal(read_sample("latin1.csv"))

    assert bad.line == 3
    assert "0xFC" in bad.reason
    assert "save the file as UTF-8" in bad.reason


def test_the_same_event_twice_keeps_the_first() -> None:
    parsed = read_sample("duplicates.csv")

    assert [(row.line, row.name) for row in parsed.rows] == [(2, "One"), (4, "Three")]
    assert [bad.line for bad in parsed.bad] == [3, 5]
    assert "line 2" in parsed.bad[0].reason
    assert "line 4" in parsed.bad[1].reason


def test_a_nul_character_costs_only_its_line() -> None:
    parsed = read_sample("nul.csv")

    assert [row.name for row in parsed.rows] == ["Good"]
    assert [(bad.line, "U+0000" in bad.reason) for bad in parsed.bad] == [(2, True)]


def test_the_same_file_gives_the_same_identities() -> None:
    first, second = read_sample("semicolon_bom.csv"), read_sample("semicolon_bom.csv")

    assert [row.uid for row in first.rows] == [row.uid for row in second.rows]
    assert len({row.uid for row in first.rows}) == 2


def test_missing_columns_are_told_with_the_known_ones() -> None:
    bad = only_refusal(read("title,venue\nConcert,Hall\n"))

    assert bad.line == 1
    assert "lacks name and starts_at" in bad.reason
    assert "max_per_booking" in bad.reason


def test_a_column_named_twice_is_refused() -> None:
    bad = only_refusal(read("name,starts_at,Name\na,2026-05-01 19:30,b\n"))

    assert "names name twice" in bad.reason


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_told(data: bytes) -> None:
    assert "header lacks" in only_refusal(read(data)).reason


def test_rows_of_empty_cells_are_skipped() -> None:
    parsed = read("name,starts_at\n,\n  , \nConcert,2026-05-01 19:30\n")

    assert only_row(parsed).line == 4


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_line_ending_counts(newline: str) -> None:
    text = newline.join(["name,starts_at", '"Two', 'lines",2026-05-01 19:30', "x,never"])
    parsed = read(text)

    assert parsed.rows[0].line == 2
    assert [bad.line for bad in parsed.bad] == [4]


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-05-01 19:30", datetime(2026, 5, 1, 17, 30, tzinfo=UTC)),
        ("2026-05-01T19:30:15", datetime(2026, 5, 1, 17, 30, 15, tzinfo=UTC)),
        ("2026-05-01T19:30Z", datetime(2026, 5, 1, 19, 30, tzinfo=UTC)),
        ("2026-05-01 19:30:00.000 -0400", datetime(2026, 5, 1, 23, 30, tzinfo=UTC)),
        ("2026-10-25 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25 02:30+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_times_are_local_or_carry_an_offset(written: str, instant: datetime) -> None:
    row = only_row(read_cells(starts_at=written))

    assert row.starts_at == instant
    assert row.starts_at.tzinfo is UTC
    assert row.ends_at - row.starts_at == timedelta(hours=2)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "is missing"),
        ("01.05.2026 19:30", "write it like"),
        ("2026-05-01", "write it like"),
        ("2026-02-30 19:30", "not in the calendar"),
        ("2026-05-01 25:30", "not in the calendar"),
        ("0001-01-01 00:00+14:00", "year 1;"),
        ("9999-12-31 23:59", "year 9999;"),
        ("2026-03-29 02:30", "clocks go forward"),
    ],
)
def test_a_start_that_is_no_time_is_refused(written: str, reason: str) -> None:
    assert reason in only_refusal(read_cells(starts_at=written)).reason


def test_an_event_of_more_than_a_year_is_refused() -> None:
    bad = only_refusal(read_cells(ends_at="2027-06-01 10:00"))

    assert "longer than 366 days" in bad.reason


def test_an_event_that_runs_now_is_kept() -> None:
    row = only_row(read_cells(starts_at="2026-03-20 12:00", ends_at="2026-03-20 13:01"))

    assert row.starts_at < NOW < row.ends_at


def test_an_event_that_ends_this_moment_is_over() -> None:
    bad = only_refusal(read_cells(starts_at="2026-03-20 12:00", ends_at="2026-03-20 13:00"))

    assert "already ended" in bad.reason


@pytest.mark.parametrize(
    ("column", "limit"), [("name", 200), ("venue", 200), ("description", 20_000), ("uid", 255)]
)
def test_texts_have_a_longest_length(column: str, limit: int) -> None:
    assert only_row(read_cells(**{column: "x" * limit}))
    bad = only_refusal(read_cells(**{column: "x" * (limit + 1)}))
    assert f"{column} has {limit + 1} characters" in bad.reason


@pytest.mark.parametrize("value", ["0", "-5", "1.5", "1000001", "ten", "٣", "1 000"])
def test_a_capacity_is_a_whole_number_in_range(value: str) -> None:
    assert "capacity" in only_refusal(read_cells(capacity=value)).reason


@pytest.mark.parametrize("value", ["1", "1000000"])
def test_capacities_at_the_bounds_are_good(value: str) -> None:
    assert only_row(read_cells(capacity=value)).capacity == int(value)


def test_without_any_capacity_the_option_is_named() -> None:
    parsed = read("name,starts_at\nConcert,2026-05-01 19:30\n", capacity=None)

    assert "--capacity" in only_refusal(parsed).reason


@pytest.mark.parametrize("value", ["-1", "12.505", "100000000", "1,250", "EUR 5", "1e3", "NaN"])
def test_a_price_is_a_plain_amount(value: str) -> None:
    assert "price" in only_refusal(read_cells(price=value)).reason


@pytest.mark.parametrize("value", ["0", "0.00", "99999999.99"])
def test_prices_at_the_bounds_are_good(value: str) -> None:
    assert only_row(read_cells(price=value)).price == Decimal(value)


@pytest.mark.parametrize("value", ["EURO", "XXQ", "€"])
def test_a_currency_is_a_known_code(value: str) -> None:
    assert "currency" in only_refusal(read_cells(currency=value)).reason


@pytest.mark.parametrize("value", ["Berlin", "europe/berlin", "../../etc/passwd", "localtime"])
def test_a_time_zone_is_a_known_name(value: str) -> None:
    assert "time zone" in only_refusal(read_cells(timezone=value)).reason


def test_a_limit_per_booking_is_a_whole_number() -> None:
    assert only_row(read_cells(max_per_booking="4")).max_per_booking == 4
    assert only_row(read_cells(max_per_booking="")).max_per_booking is None
    assert "max_per_booking" in only_refusal(read_cells(max_per_booking="0")).reason


def test_a_name_is_needed() -> None:
    assert "name is missing" in only_refusal(read_cells(name="   ")).reason


def test_an_endless_field_is_told() -> None:
    parsed = read("name,starts_at\n" + "x" * 200_000 + ",2026-05-01 19:30\n")

    assert "far too long" in only_refusal(parsed).reason


def test_a_file_of_nonsense_stops_after_a_thousand_lines() -> None:
    parsed = read("name,starts_at\n" + "x\n" * 5_000)

    assert len(parsed.bad) == 1_001
    assert parsed.bad[-1].line == 1_001
    assert "nothing after this was read" in parsed.bad[-1].reason


def test_the_times_of_the_sale_are_local_times_of_the_events_zone() -> None:
    row = only_row(
        read_cells(
            timezone="America/New_York",
            sales_start_at="2026-04-01 10:00",
            sales_end_at="2026-05-01T12:00Z",
        )
    )

    assert row.sales_start_at == datetime(2026, 4, 1, 14, 0, tzinfo=UTC)
    assert row.sales_end_at == datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def test_a_file_need_not_tell_of_the_sale() -> None:
    row = only_row(read_cells(sales_end_at=""))

    assert (row.sales_start_at, row.sales_end_at) == (None, None)


@pytest.mark.parametrize("column", ["sales_start_at", "sales_end_at"])
def test_a_time_of_the_sale_that_is_none_is_refused_by_its_column(column: str) -> None:
    assert f"The {column} 'soon' is no date" in only_refusal(read_cells(**{column: "soon"})).reason
