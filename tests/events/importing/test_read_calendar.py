"""Reading event rows from iCalendar files."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from events.importing import BadLine, Defaults, EventRow, ParsedFile, ical_reader, parse_file

DATA = Path(__file__).parents[1] / "data"
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def read(data: bytes, *, capacity: int | None = 100, now: datetime = NOW) -> ParsedFile:
    defaults = Defaults(
        timezone="Europe/Berlin", capacity=capacity, price=Decimal("5.00"), currency="EUR"
    )
    return parse_file(data, filename="calendar.ics", defaults=defaults, now=now)


def read_sample(name: str) -> ParsedFile:
    return read((DATA / name).read_bytes())


def entry(*lines: str, uid: str = "a", start: str = "DTSTART:20260501T180000Z") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", "SUMMARY:Talk", start, *lines, "END:VEVENT"])


def calendar(*parts: str) -> bytes:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *parts, "END:VCALENDAR"]).encode()


def read_entry(*lines: str, start: str = "DTSTART:20260501T180000Z") -> ParsedFile:
    return read(calendar(entry(*lines, start=start)))


def only_row(parsed: ParsedFile) -> EventRow:
    assert parsed.bad == []
    (row,) = parsed.rows
    return row


def only_refusal(parsed: ParsedFile) -> BadLine:
    assert parsed.rows == []
    (bad,) = parsed.bad
    return bad


def utc(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_a_google_series_keeps_local_time_leaves_out_and_moves_dates() -> None:
    rows = [row for row in read_sample("google.ics").rows if "jazz" in row.uid]

    assert [(row.uid.partition("@google.com@")[2], row.starts_at) for row in rows] == [
        ("20260326T190000Z", utc(3, 26, 19)),
        ("20260409T180000Z", utc(4, 9, 18)),
        ("20260416T180000Z", utc(4, 17, 17, 30)),
        ("20260423T180000Z", utc(4, 23, 18)),
        ("20260430T180000Z", utc(4, 30, 18)),
    ]
    assert [row.line for row in rows] == [27, 27, 49, 27, 27]
    assert rows[2].name == "Jazz session: the big one"


def test_google_texts_are_unfolded_and_unescaped() -> None:
    row = read_sample("google.ics").rows[0]

    assert row.venue == "Kellerbühne, Nordstraße 12, 30167 Hannover"
    assert row.description == (
        "Open stage, house band from eight.\nBring your instrument; drums are there."
    )


def test_whole_days_run_from_midnight_to_midnight_of_the_calendar() -> None:
    market = next(row for row in read_sample("google.ics").rows if row.name == "Spring market")

    assert (market.starts_at, market.ends_at) == (utc(4, 30, 22), utc(5, 2, 22))
    assert market.timezone == "Europe/Berlin"


def test_utc_times_are_told_in_the_zone_of_the_calendar_with_own_figures() -> None:
    reading = next(row for row in read_sample("google.ics").rows if row.name == "Reading")

    assert (reading.starts_at, reading.timezone) == (utc(4, 11, 17), "Europe/Berlin")
    assert (reading.capacity, reading.price) == (60, Decimal("9.50"))


def test_cancelled_entries_are_left_out_and_past_ones_counted() -> None:
    parsed = read_sample("google.ics")

    assert parsed.bad == []
    assert parsed.past == 1
    assert not {"Called off", "Last year"} & {row.name for row in parsed.rows}


def test_outlook_zone_names_become_iana_names() -> None:
    concert, guest = read_sample("outlook.ics").rows

    assert (concert.starts_at, concert.timezone) == (utc(5, 20, 17), "Europe/Berlin")
    assert (guest.starts_at, guest.timezone) == (utc(7, 10, 23), "America/New_York")
    assert guest.ends_at - guest.starts_at == timedelta(hours=1, minutes=45)


def test_an_apple_series_with_extra_date_floating_time_and_open_days() -> None:
    parsed = read_sample("apple.ics")

    assert parsed.bad == []
    assert [row.starts_at for row in parsed.rows] == [
        utc(3, 25, 17),
        utc(4, 1, 16),
        utc(4, 8, 16),
        utc(4, 18, 8),
        utc(4, 1, 16),
        utc(5, 31, 22),
        utc(6, 30, 22),
    ]
    assert parsed.rows[0].venue == "Studio 3, Neubaugasse 4, 1070 Wien"
    assert parsed.rows[4].timezone == "Europe/Berlin"
    assert [row.uid[-9:] for row in parsed.rows[5:]] == ["@20260601", "@20260701"]


def test_broken_entries_are_named_and_do_not_hide_the_good_one() -> None:
    parsed = read_sample("broken.ics")

    assert [row.name for row in parsed.rows] == ["Good one"]
    reasons = {bad.line: bad.reason for bad in parsed.bad}
    assert list(reasons) == [4, 9, 15, 20, 27, 37, 42]
    assert "DTSTART cannot be read" in reasons[4]
    assert "ends before or when it starts" in reasons[9]
    assert "'Middle-earth/Shire' is unknown" in reasons[15]
    assert "'second line without a blank before it'" in reasons[20]
    assert "no END:VEVENT" in reasons[27]
    assert "UID of line 31" in reasons[37]
    assert "name is missing" in reasons[42]


def test_a_last_entry_without_end_is_told() -> None:
    parsed = read(calendar(entry().removesuffix("\r\nEND:VEVENT")))

    assert "no END:VEVENT" in only_refusal(parsed).reason


def test_a_second_reading_later_keeps_the_identities() -> None:
    data = (DATA / "google.ics").read_bytes()
    first = {row.uid for row in read(data).rows}
    later = {row.uid for row in read(data, now=NOW + timedelta(days=14)).rows}

    assert later < first


def test_the_calendar_zone_reads_floating_times() -> None:
    tokyo = read(calendar("X-WR-TIMEZONE:Asia/Tokyo", entry(start="DTSTART:20260501T180000")))

    assert only_row(tokyo).starts_at == utc(5, 1, 9)
    assert only_row(tokyo).timezone == "Asia/Tokyo"


@pytest.mark.parametrize(
    "tzid",
    ["Asia/Tokyo", "Tokyo Standard Time", "/freeassociation.example/Tzfile/Asia/Tokyo"],
)
def test_zone_names_of_many_makers_are_known(tzid: str) -> None:
    row = only_row(read_entry(start=f'DTSTART;TZID="{tzid}":20260501T180000'))

    assert (row.starts_at, row.timezone) == (utc(5, 1, 9), "Asia/Tokyo")


def own_zone(name: str, rule: str, offset: str) -> str:
    observance = "DTSTART:19700101T000000\r\n" + (f"RRULE:{rule}\r\n" if rule else "")
    return (
        f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\nBEGIN:STANDARD\r\n{observance}"
        f"TZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}\r\nEND:STANDARD\r\nEND:VTIMEZONE"
    )


def test_a_zone_of_the_file_is_found_by_its_clocks() -> None:
    event = entry(start="DTSTART;TZID=Mine:20260501T180000")

    row = only_row(read(calendar(own_zone("Mine", "", "+0545"), event)))
    assert (row.starts_at, row.timezone) == (utc(5, 1, 12, 15), "Asia/Katmandu")


def test_two_files_may_use_one_name_for_two_zones() -> None:
    event = entry(start="DTSTART;TZID=Mine:20260501T180000")

    starts = [
        only_row(read(calendar(own_zone("Mine", "", offset), event))).starts_at
        for offset in ("+0545", "+0900")
    ]
    assert starts == [utc(5, 1, 12, 15), utc(5, 1, 9)]


@pytest.mark.parametrize(
    ("rule", "offset"), [("", "+0217"), ("FREQ=SECONDLY", "+0900"), ("FREQ=YEARLY;X", "+0900")]
)
def test_a_zone_like_no_other_is_refused(rule: str, offset: str) -> None:
    event = entry(start="DTSTART;TZID=Mine:20260501T180000")
    bad = only_refusal(read(calendar(own_zone("Mine", rule, offset), event)))

    assert "'Mine' is unknown" in bad.reason


def test_an_entry_without_end_lasts_two_hours_and_a_day_without_end_a_day() -> None:
    timed = only_row(read_entry())
    day = only_row(read_entry(start="DTSTART;VALUE=DATE:20260501"))

    assert timed.ends_at - timed.starts_at == timedelta(hours=2)
    assert day.ends_at - day.starts_at == timedelta(days=1)


def test_a_day_without_the_parameter_is_a_day() -> None:
    assert only_row(read_entry(start="DTSTART:20260501")).starts_at == utc(4, 30, 22)


def test_an_occurrence_in_the_hour_that_is_skipped_is_kept() -> None:
    parsed = read_entry(
        "RRULE:FREQ=DAILY;COUNT=2", start="DTSTART;TZID=Europe/Berlin:20260328T023000"
    )

    assert [row.starts_at for row in parsed.rows] == [utc(3, 28, 1, 30), utc(3, 29, 1, 30)]


def test_an_endless_series_gives_a_year() -> None:
    parsed = read_entry("RRULE:FREQ=DAILY", start="DTSTART:20200103T180000Z")

    assert parsed.bad == []
    assert len(parsed.rows) == 366
    assert parsed.rows[0].ends_at > NOW
    assert parsed.rows[-1].starts_at <= NOW + timedelta(days=366)


def test_the_occurrence_under_way_is_read() -> None:
    parsed = read_entry("RRULE:FREQ=DAILY;COUNT=2", start="DTSTART:20260319T110000Z")

    assert [row.starts_at for row in parsed.rows] == [utc(3, 20, 11)]


def test_a_long_series_is_cut_and_told() -> None:
    parsed = read_entry("RRULE:FREQ=HOURLY;COUNT=600")

    assert len(parsed.rows) == 500
    assert "600 dates" in parsed.bad[0].reason
    assert parsed.rows[-1].starts_at == utc(5, 1, 18) + timedelta(hours=499)


def test_a_series_of_the_past_is_counted_once() -> None:
    parsed = read_entry("RRULE:FREQ=WEEKLY;COUNT=3", start="DTSTART:20260101T180000Z")

    assert (parsed.rows, parsed.bad, parsed.past) == ([], [], 1)


def test_a_series_of_the_far_future_is_told() -> None:
    bad = only_refusal(read_entry("RRULE:FREQ=WEEKLY", start="DTSTART:20280101T180000Z"))

    assert "begins in more than 366 days" in bad.reason


def test_a_single_entry_may_be_far_ahead() -> None:
    assert only_row(read_entry(start="DTSTART:20280101T180000Z")).uid == "a"


def test_a_cancelled_occurrence_and_a_cancelled_series_are_left_out() -> None:
    series = entry("RRULE:FREQ=DAILY;COUNT=3")
    change = entry("RECURRENCE-ID:20260502T180000Z", "STATUS:CANCELLED")
    off = entry("RRULE:FREQ=DAILY;COUNT=3", "STATUS:CANCELLED", uid="b")
    parsed = read(calendar(series, change, off))

    assert [row.starts_at.day for row in parsed.rows] == [1, 3]
    assert (parsed.bad, parsed.past) == ([], 0)


def test_a_change_of_all_that_follow_gives_each_its_own_identity() -> None:
    series = entry("RRULE:FREQ=DAILY;COUNT=4")
    change = entry(
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260503T180000Z", start="DTSTART:20260503T190000Z"
    )
    parsed = read(calendar(series, change))

    assert parsed.bad == []
    assert [row.starts_at.hour for row in parsed.rows] == [18, 18, 19, 19]
    assert len({row.uid for row in parsed.rows}) == 4


def test_a_changed_occurrence_without_its_series_is_read() -> None:
    row = only_row(read_entry("RECURRENCE-ID:20260501T170000Z"))

    assert row.uid == "a@20260501T170000Z"


def test_a_changed_occurrence_takes_missing_figures_from_its_series() -> None:
    series = entry("RRULE:FREQ=DAILY;COUNT=2", "X-EVENTLY-CAPACITY:7", "X-EVENTLY-PRICE:3")
    change = entry("RECURRENCE-ID:20260502T180000Z", "X-EVENTLY-PRICE:4")
    parsed = read(calendar(series, change), capacity=None)

    assert parsed.bad == []
    assert [(row.capacity, row.price) for row in parsed.rows] == [
        (7, Decimal(3)),
        (7, Decimal(4)),
    ]


def test_a_series_with_an_unreadable_change_is_not_sold_for_a_wrong_time() -> None:
    series = entry("RRULE:FREQ=DAILY;COUNT=2")
    change = entry("RECURRENCE-ID:20260502T180000Z", start="DTSTART:nonsense")
    parsed = read(calendar(series, change, entry(uid="b")))

    assert [row.uid for row in parsed.rows] == ["b"]
    assert "line 9" in parsed.bad[0].reason


def test_without_any_capacity_a_series_is_refused_once() -> None:
    parsed = read(calendar(entry("RRULE:FREQ=DAILY;COUNT=9")), capacity=None)

    assert "--capacity" in only_refusal(parsed).reason


def test_an_entry_without_uid_keeps_its_identity() -> None:
    text = calendar(entry()).replace(b"UID:a\r\n", b"")

    assert only_row(read(text)).uid == only_row(read(text)).uid
    assert only_row(read(text)).uid.startswith("evently-")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("X-EVENTLY-CAPACITY:many", "capacity"),
        ("X-EVENTLY-PRICE:-1", "price"),
        ("X-EVENTLY-CURRENCY:XXQ", "currency"),
        ("LOCATION:" + "x" * 201, "location has 201 characters"),
        ("DESCRIPTION:a\0b", "U+0000"),
        ("DURATION:-PT1H", "ends before or when it starts"),
        ("DURATION:P999999999999D", "DURATION"),
        ("DURATION:P9999999D", "too long"),
        ("DURATION:P400D", "longer than 366 days"),
        ("DTEND;VALUE=DATE:20260502", "both be days or both be times"),
        ("DTEND:99991231T235959Z", "year 9999"),
        ("DTSTART:20260502T180000Z", "DTSTART more than once"),
        ("RRULE:FREQ=WEEKLYX", "RRULE cannot be read"),
        ("RRULE:INTERVAL=2", "more often than hourly"),
        ("RRULE:FREQ=YEARLY;BYDAY=60MO", "repetition cannot be read"),
    ],
)
def test_a_wrong_value_is_refused_with_its_reason(line: str, reason: str) -> None:
    bad = only_refusal(read_entry(line))

    assert bad.line == 3
    assert reason in bad.reason


@pytest.mark.parametrize(
    ("rule", "start", "reason"),
    [
        ("FREQ=SECONDLY", "20260501T180000Z", "more often than hourly"),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5", "20260501T180000Z", "more often"),
        ("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", "20260501T180000Z", "too involved"),
        ("FREQ=HOURLY", "19000101T180000Z", "began too long ago"),
        ("FREQ=DAILY;BYMONTHDAY=" + "1," * 300 + "1", "20260501T180000Z", "too long"),
    ],
)
def test_a_rule_that_would_take_long_is_refused_unread(rule: str, start: str, reason: str) -> None:
    assert reason in only_refusal(read_entry(f"RRULE:{rule}", start=f"DTSTART:{start}")).reason


def test_two_rules_in_one_entry_are_refused() -> None:
    parsed = read_entry("RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY")

    assert "more than one RRULE" in only_refusal(parsed).reason


def test_an_entry_of_very_many_dates_is_refused() -> None:
    dates = ",".join(["20260501T180000Z"] * 1_000)

    assert only_row(read_entry(f"RDATE:{dates}", "EXDATE:" + ",".join(["19990101"] * 1_000)))
    parsed = read_entry(f"RDATE:{dates}", f"EXDATE:{dates}", "EXDATE:20270101T180000Z")
    assert "more than 2000 dates" in only_refusal(parsed).reason


def test_a_series_of_very_many_changes_is_refused() -> None:
    changes = [entry("RECURRENCE-ID:20260501T180000Z")] * 1_001
    parsed = read(calendar(entry("RRULE:FREQ=DAILY;COUNT=2"), *changes))

    assert "1001 changed occurrences" in only_refusal(parsed).reason


def test_a_calendar_that_takes_too_long_is_cut_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ical_reader, "CPU_BUDGET_SECONDS", -1.0)

    assert "takes too long" in only_refusal(read_entry()).reason


def test_an_alarm_and_the_tasks_of_a_calendar_are_left_alone() -> None:
    alarm = entry("BEGIN:VALARM", "TRIGGER:nonsense", "DESCRIPTION:Soon", "END:VALARM")
    task = "BEGIN:VTODO\r\nUID:t\r\nSUMMARY:Sweep\r\nEND:VTODO"
    row = only_row(read(calendar(alarm, task)))

    assert row.description == ""
