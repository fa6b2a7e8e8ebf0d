"""How long calendar entries last: days by the calendar, hours as they pass (RFC 5545, 3.3.6).

A dance from 22:00 that lasts eight hours ends an hour later on the clocks when these go forward
that night; one that lasts a day ends at 22:00 all the same. `timedelta` cannot tell the two apart,
so the length is kept in a property of our own, which a series hands on to its dates.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from icalendar import Event

from events.importing.rows import USUAL_LENGTH, Unreadable

LASTS = "X-EVENTLY-LASTS"
_DURATION = re.compile(
    r"(?P<sign>[+-]?)P((?P<weeks>\d{1,9})W)?((?P<days>\d{1,9})D)?"
    r"(T((?P<hours>\d{1,9})H)?((?P<minutes>\d{1,9})M)?((?P<seconds>\d{1,9})S)?)?",
    re.IGNORECASE | re.ASCII,
)


def keep_length(event: Event, duration: str) -> None:
    """Note how long the entry lasts; one that says it lasts no time takes the usual one.

    Args:
        duration: the text of its DURATION, or empty.

    Raises:
        Unreadable: the DURATION cannot be read.
    """
    start = _value(event, "DTSTART")
    days, exact = _told_length(event, start, duration)
    if not days and not exact:
        for name in ("DTEND", "DURATION"):
            event.pop(name, None)
        whole_days = not isinstance(start, datetime)
        days, exact = (1, timedelta(0)) if whole_days else (0, USUAL_LENGTH)
        event.add("DURATION", timedelta(days=days) + exact)
    event[LASTS] = f"{days} {int(exact.total_seconds())}"


def _value(event: Event, name: str) -> Any:
    """The day or the instant of a property that stands there."""
    field: Any = event[name]
    return field.dt


def end_of(event: Event) -> date | None:
    """The day, or the instant, at which the entry ends; None when its length was not kept."""
    if LASTS not in event:
        return None
    start = _value(event, "DTSTART")
    days, seconds = map(int, str(event[LASTS]).split())
    try:
        later: date = start + timedelta(days=days)
        if isinstance(later, datetime):
            return later.astimezone(UTC) + timedelta(seconds=seconds)
        return later
    except OverflowError:
        raise Unreadable("The DURATION is too long; shorten it.") from None


def _told_length(event: Event, start: Any, duration: str) -> tuple[int, timedelta]:
    if "DTEND" not in event:
        return _read(duration)
    end = _value(event, "DTEND")
    if isinstance(start, datetime) and isinstance(end, datetime):
        return 0, end.astimezone(UTC) - start.astimezone(UTC)
    return (end - start).days, timedelta(0)


def _read(duration: str) -> tuple[int, timedelta]:
    if not duration:
        return 0, timedelta(0)
    match = _DURATION.fullmatch(duration.strip())
    if match is None:
        raise Unreadable(f"The DURATION {duration[:40]!r} cannot be read; write it like PT2H.")
    told = {name: int(text or 0) for name, text in match.groupdict().items() if name != "sign"}
    sign = -1 if match["sign"] == "-" else 1
    exact = timedelta(hours=told["hours"], minutes=told["minutes"], seconds=told["seconds"])
    return sign * (7 * told["weeks"] + told["days"]), sign * exact
