"""Event rows from an iCalendar file (RFC 5545); series become one row an occurrence."""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event
from recurring_ical_events import CalendarQuery

from events.importing import rows
from events.importing.ical_entries import Entry, is_cancelled, newest
from events.importing.ical_lengths import end_of, keep_length
from events.importing.ical_lines import Block, CalendarText, Property, cut
from events.importing.ical_rules import check_changes, check_dates, check_rules
from events.importing.ical_zones import Zones, zones_of
from events.importing.rows import (
    Cancelled,
    Defaults,
    EventRow,
    Gathered,
    ParsedFile,
    Unreadable,
)

HORIZON = timedelta(days=366)
MAX_OCCURRENCES = 500
# Of this thread at work: on a busy machine a good file takes longer, and is read all the same.
CPU_BUDGET_SECONDS = 20.0

_DATES = ("DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE")
_SETTINGS = ("X-EVENTLY-CAPACITY", "X-EVENTLY-PRICE", "X-EVENTLY-CURRENCY")
_SINGLE = {
    *("UID", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "SEQUENCE"),
    *("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID"),
    *_SETTINGS,
}
_KEPT = _SINGLE | {"RRULE", "RDATE", "EXDATE", "EXRULE"}
_LINE = "X-EVENTLY-LINE"
# What icalendar, recurring-ical-events and dateutil raise for values they cannot work with.
_LIBRARY_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What holds for every entry of one file."""

    zones: Zones
    defaults: Defaults
    now: datetime

    @property
    def horizon(self) -> datetime:
        return self.now + HORIZON


def read_ical(text: str, *, defaults: Defaults, now: datetime) -> ParsedFile:
    """Read the events of a calendar that are not over.

    Cancelled entries are named, past ones only counted; of two revisions the newer one counts. A
    series gives its occurrences of the next 366 days, 500 at most. What a file may cost is bounded:
    after 20 seconds of computing the rest of it is refused.
    """
    gathered = Gathered()
    with suppress(rows.TooManyBadLines):  # the last bad line tells it
        _gather(text, defaults, now, gathered)
    return gathered.result()


def _gather(text: str, defaults: Defaults, now: datetime, gathered: Gathered) -> None:
    deadline = time.thread_time() + CPU_BUDGET_SECONDS
    for calendar in cut(text):
        _gather_calendar(calendar, deadline, defaults, now, gathered)


def _gather_calendar(
    calendar: CalendarText, deadline: float, defaults: Defaults, now: datetime, gathered: Gathered
) -> None:
    """A file may hold several calendars, each with zones of its own."""
    reading = _Reading(zones_of(calendar, default=defaults.timezone, now=now), defaults, now)
    series: dict[str, list[Entry]] = {}
    broken: dict[str, int] = {}
    for block in calendar.of("VEVENT"):
        _check_deadline(deadline, block.line, gathered)
        try:
            entry = _entry(block, reading)
            series.setdefault(entry.uid, []).append(entry)
        except Unreadable as error:
            broken.setdefault(_raw(block, "UID"), block.line)
            gathered.refuse(block.line, str(error))
    for uid, entries in series.items():
        _check_deadline(deadline, entries[0].line, gathered)
        if uid in broken:
            _refuse_half_read(entries, broken[uid], gathered)
        else:
            _gather_series(entries, reading, gathered)


def _check_deadline(deadline: float, line: int, gathered: Gathered) -> None:
    if time.thread_time() > deadline:
        gathered.refuse(
            line,
            "The calendar takes too long to read; split it. What is not read by now is left out.",
        )
        raise rows.TooManyBadLines


def _refuse_half_read(entries: list[Entry], line: int, gathered: Gathered) -> None:
    """A series of which one change is unreadable would be sold for a wrong time."""
    gathered.refuse(
        entries[0].line,
        f"The entry on line {line} has the same UID and cannot be read; correct that one first.",
    )


# From a block of lines to an entry


def _entry(block: Block, reading: _Reading) -> Entry:
    if not block.closed:
        raise Unreadable("The entry has no END:VEVENT; add it or export the calendar again.")
    kept = _kept(block, reading.zones)
    _check_single(kept)
    if any(prop.name == "EXRULE" for prop in kept):
        raise Unreadable("The entry has an EXRULE, which is not read; list its dates as EXDATE.")
    check_dates([prop.value for prop in kept if prop.name in ("RDATE", "EXDATE")])
    names = {prop.name for prop in kept}
    if "DTSTART" not in names:
        raise Unreadable("The entry has no DTSTART; give it a start.")
    event = _parsed([*map(str, kept), f"{_LINE}:{block.line}"])
    _check_times(event, reading, kept)
    uid = str(event.get("UID", "")).strip() or _derived_uid(event, reading.zones)
    event["UID"] = uid
    revision = (int(event.get("SEQUENCE", 0)), _raw(block, "LAST-MODIFIED"))
    return Entry(block.line, uid, event, bool(names & {"RRULE", "RDATE"}), revision)


def _kept(block: Block, zones: Zones) -> list[Property]:
    properties = (Property.read(line) for line in block.lines)
    return [
        zones.anchored(prop) if prop.name in _DATES else prop
        for prop in properties
        if prop.name in _KEPT
    ]


def _check_single(kept: Iterable[Property]) -> None:
    seen: set[str] = set()
    for prop in kept:
        if prop.name in seen and prop.name in _SINGLE:
            raise Unreadable(f"The entry has {prop.name} more than once; keep one.")
        seen.add(prop.name)


def _parsed(lines: list[str]) -> Event:
    text = "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])
    try:
        event = Event.from_ical(text)
        problems: list[Any] = list(event.errors)
    except _LIBRARY_ERRORS:
        raise Unreadable("The entry cannot be read; correct or remove it.") from None
    for name, _reason in problems:
        raise Unreadable(f"{name or 'A line'} cannot be read; correct it.")
    return cast(Event, event)


def _check_times(event: Event, reading: _Reading, kept: list[Property]) -> None:
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        if name in event:
            _check_day(_dt(event, name), name)
    start = _dt(event, "DTSTART")
    end = _dt(event, "DTEND") if "DTEND" in event else None
    if end is not None and isinstance(end, datetime) != isinstance(start, datetime):
        raise Unreadable("DTSTART and DTEND must both be days or both be times; correct one.")
    if not any("/" in prop.value for prop in kept if prop.name == "RDATE"):
        keep_length(event, next((p.value for p in kept if p.name == "DURATION"), ""))
    begins, ends = _instant(start, reading.zones), _instant(_end(event), reading.zones)
    rules = [prop.value for prop in kept if prop.name == "RRULE"]
    # What is over is counted and refuses no file.
    if rules or max(begins, ends) > reading.now:
        rows.check_span(begins, ends)
    check_rules(rules, starts=start, until=reading.horizon)


def _check_day(moment: object, name: str) -> None:
    if not isinstance(moment, date):
        raise Unreadable(f"{name} is no day and no point in time; correct it.")
    rows.checked_year(moment.year, what=name)


def _derived_uid(event: Event, zones: Zones) -> str:
    return rows.derived_uid(
        name=str(event.get("SUMMARY", "")),
        starts_at=_instant(_dt(event, "DTSTART"), zones),
        venue=str(event.get("LOCATION", "")),
    )


def _raw(block: Block, name: str) -> str:
    """The text of a property, or an empty one."""
    found = (Property.find(line) for line in block.lines)
    return next((prop.value.strip() for prop in found if prop.name == name), "")


# From the entries of one UID to rows


def _gather_series(entries: list[Entry], reading: _Reading, gathered: Gathered) -> None:
    entries = newest(entries, gathered)
    masters = [entry for entry in entries if not entry.override]
    for again in masters[1:]:
        gathered.refuse(
            again.line, f"The entry has the UID of line {masters[0].line}; remove one of them."
        )
    overrides = [entry for entry in entries if entry.override]
    used = [*masters[:1], *overrides]
    if _is_off(used):
        gathered.cancelled.append(Cancelled(used[0].line, used[0].uid))
        return
    try:
        if used[0].repeats or overrides:
            _gather_occurrences(used, reading, gathered)
        else:
            _gather_single(used[0], reading, gathered)
    except Unreadable as error:
        gathered.refuse(used[0].line, str(error))


def _is_off(used: list[Entry]) -> bool:
    """Whether the whole of it was cancelled, not single occurrences."""
    return used[0].cancelled and (not used[0].override or all(e.cancelled for e in used))


def _gather_single(entry: Entry, reading: _Reading, gathered: Gathered) -> None:
    begins, ends = _dt(entry.event, "DTSTART"), _end(entry.event)
    if max(_instant(moment, reading.zones) for moment in (begins, ends)) <= reading.now:
        gathered.past += 1
    else:
        gathered.accept(_row(entry.event, entry.event, entry.uid, reading))


def _gather_occurrences(used: list[Entry], reading: _Reading, gathered: Gathered) -> None:
    check_changes(len(used) - 1)
    master = used[0].event
    _row(master, master, used[0].uid, reading)  # one refusal for the series, not one each
    found = _occurrences(used, reading)
    for event in filter(is_cancelled, found):
        gathered.cancelled.append(Cancelled(int(_text(event, _LINE)), _occurrence_uid(event)))
    found = [event for event in found if not is_cancelled(event)]
    coming = sorted(
        (row for row in _rows(found, master, reading, gathered) if _is_coming(row, reading)),
        key=lambda row: row.starts_at,
    )
    for row in coming[:MAX_OCCURRENCES]:
        gathered.accept(row)
    if len(coming) > MAX_OCCURRENCES:
        raise Unreadable(
            f"The series has {len(coming)} dates within {HORIZON.days} days; the first "
            f"{MAX_OCCURRENCES} were read. Import the file again when they are over."
        )
    if not coming:
        _note_empty(master, reading, gathered)


def _note_empty(master: Event, reading: _Reading, gathered: Gathered) -> None:
    if _instant(_dt(master, "DTSTART"), reading.zones) > reading.horizon:
        raise Unreadable(
            f"The series begins in more than {HORIZON.days} days; import the file again later."
        )
    gathered.past += 1


def _occurrences(used: list[Entry], reading: _Reading) -> list[Event]:
    calendar = Calendar()
    for entry in used:
        calendar.add_component(entry.event)
    # A day more on both sides: days have no zone yet, and `_is_coming` decides.
    margin = timedelta(days=2)
    try:
        query = CalendarQuery(calendar)
        found: list[Event] = query.between(reading.now - margin, reading.horizon + margin)
    except _LIBRARY_ERRORS:
        raise Unreadable("The repetition cannot be read; simplify it.") from None
    return found


def _rows(
    found: list[Event], master: Event, reading: _Reading, gathered: Gathered
) -> list[EventRow]:
    read: list[EventRow] = []
    for event in found:
        try:
            read.append(_row(event, master, _occurrence_uid(event), reading))
        except Unreadable as error:
            gathered.refuse(int(_text(event, _LINE)), str(error))
    return read


def _is_coming(row: EventRow, reading: _Reading) -> bool:
    return row.ends_at > reading.now and row.starts_at <= reading.horizon


def _occurrence_uid(event: Event) -> str:
    """UID and original start, so that an occurrence that was moved stays the same one.

    A change for all that follow (RANGE) lends its RECURRENCE-ID to each of them; there the start
    of the occurrence tells them apart.
    """
    origin: Any = event["RECURRENCE-ID"]
    moment = _dt(event, "DTSTART") if "RANGE" in origin.params else origin.dt
    if isinstance(moment, datetime):
        return f"{event['UID']}@{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{event['UID']}@{moment:%Y%m%d}"


def _row(event: Event, master: Event, uid: str, reading: _Reading) -> EventRow:
    zones, defaults = reading.zones, reading.defaults
    start, end = _dt(event, "DTSTART"), _end(event)
    capacity, price, currency = (_setting(event, master, name) for name in _SETTINGS)
    currency = rows.checked_currency(currency or defaults.currency)
    venue = ", ".join(part.strip() for part in _text(event, "LOCATION").split("\n"))
    return EventRow(
        line=int(_text(event, _LINE)),
        uid=rows.checked_text(uid, what="UID", limit=rows.MAX_UID),
        name=rows.checked_name(_text(event, "SUMMARY").replace("\n", " ")),
        description=rows.checked_text(
            _text(event, "DESCRIPTION"),
            what="description",
            limit=rows.MAX_DESCRIPTION,
            lines=True,
        ),
        venue=rows.checked_text(venue, what="location", limit=rows.MAX_VENUE),
        starts_at=_instant(start, zones),
        ends_at=_instant(end, zones),
        timezone=_zone_name(start, zones),
        capacity=rows.checked_capacity(capacity, default=defaults.capacity),
        price=rows.checked_price(price or str(defaults.price), currency=currency),
        currency=currency,
        max_per_booking=None,
    )


def _setting(event: Event, master: Event, name: str) -> str:
    """The entry's own figure; a changed occurrence may leave it to its series."""
    return _text(event, name).strip() or _text(master, name).strip()


def _text(event: Event, name: str) -> str:
    return str(event.get(name, ""))


def _dt(event: Event, name: str) -> Any:
    """What icalendar made of a property: a day, a time or a duration."""
    prop: Any = event[name]
    return prop.dt


def _end(event: Event) -> Any:
    if (end := end_of(event)) is not None:
        return end
    if "DTEND" in event:
        return _dt(event, "DTEND")
    lasts = _dt(event, "DURATION") if "DURATION" in event else timedelta(days=1)
    return _dt(event, "DTSTART") + lasts


def _instant(moment: date, zones: Zones) -> datetime:
    """A time as UTC; a day begins at midnight of the calendar's zone."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC)
    return datetime(moment.year, moment.month, moment.day, tzinfo=ZoneInfo(zones.home)).astimezone(
        UTC
    )


def _zone_name(moment: date, zones: Zones) -> str:
    """The zone the event is told in; UTC and days say nothing of it, the calendar does."""
    key = getattr(getattr(moment, "tzinfo", None), "key", "UTC")
    return zones.home if key == "UTC" else str(key)
