"""Time zones of a calendar file: every name it uses becomes a name of the IANA database."""

import io
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

from dateutil.tz import tzical
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from events.importing.ical_lines import Block, CalendarText, Property
from events.importing.rows import Unreadable, checked_timezone, shown
from events.validators import known_timezones

_TZID = re.compile(r';TZID=("[^"]*"|[^":;]*)', re.IGNORECASE)
_DAY = re.compile(r"[0-9]{8}(,[0-9]{8})*")
_DEFINITION = ("BEGIN", "END", "TZID", "DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO")
_MAX_DEFINITION = 200
_MAX_PARTS = 6
_WATCHED = timedelta(days=366)


@dataclass(slots=True)
class Zones:
    """The zones of one file; `home` is the one of times that name none."""

    home: str
    now: datetime
    definitions: dict[str, Block] = field(default_factory=dict)
    _found: dict[str, str] = field(default_factory=dict)

    def anchored(self, prop: Property) -> Property:
        """The same date or time, its zone named as in the IANA database.

        Days stay days, UTC stays UTC, and a floating time gets the zone of the calendar.

        Raises:
            Unreadable: the zone is neither known nor told by the file.
        """
        match = _TZID.search(prop.params)
        params = _TZID.sub("", prop.params)
        if _DAY.fullmatch(prop.value):
            return Property(prop.name, ";VALUE=DATE", prop.value)
        if "Z" in prop.value.upper():
            return Property(prop.name, params, prop.value.upper())
        zone = self.resolve(match[1].strip('"')) if match else self.home
        return Property(prop.name, f"{params};TZID={zone}", prop.value)

    def resolve(self, tzid: str) -> str:
        """The IANA name for a zone of the file.

        Raises:
            Unreadable: the zone is neither known nor told by the file.
        """
        if tzid not in self._found:
            self._found[tzid] = _known(tzid) or self._defined(tzid)
        if not self._found[tzid]:
            raise Unreadable(
                f"The time zone {shown(tzid)} is unknown; give the event one such as "
                "Europe/Berlin and export the calendar again."
            )
        return self._found[tzid]

    def _defined(self, tzid: str) -> str:
        block = self.definitions.get(tzid)
        if block is None:
            return ""
        properties = [Property.find(line) for line in block.lines]
        told = next((p.value for p in properties if p.name == "X-LIC-LOCATION"), "")
        return _known(told) or _alike(properties, self.home, self.now)


def zones_of(calendar: CalendarText, *, default: str, now: datetime) -> Zones:
    """The zones of a file; X-WR-TIMEZONE, when it is known, wins over the default."""
    home = _known(calendar.first("X-WR-TIMEZONE").strip()) or checked_timezone(default)
    zones = Zones(home, now)
    for block in calendar.of("VTIMEZONE"):
        names = (Property.find(line) for line in block.lines)
        tzid = next((name.value for name in names if name.name == "TZID"), "")
        zones.definitions.setdefault(tzid, block)
    return zones


def _known(tzid: str) -> str:
    """A name that needs no definition: IANA, Windows, or IANA behind a maker's prefix."""
    if tzid in WINDOWS_TO_OLSON:
        return WINDOWS_TO_OLSON[tzid]
    if tzid in known_timezones():
        return tzid
    if not tzid.startswith("/"):
        return ""
    parts = tzid.strip("/").split("/")[-_MAX_PARTS:]
    tails = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((tail for tail in tails if tail in known_timezones()), "")


def _alike(properties: list[Property], home: str, now: datetime) -> str:
    """The known zone whose clocks show the same all year; the calendar's own is tried first."""
    zone = _told_zone(properties)
    if zone is None:
        return ""
    watched = _telling_instants(zone, now.astimezone(UTC))
    offsets = [_offset(instant, zone) for instant in watched]

    def same(name: str) -> bool:
        known = ZoneInfo(name)
        pairs = zip(watched, offsets, strict=True)
        return all(_offset(instant, known) == offset for instant, offset in pairs)

    candidates = dict.fromkeys((home, *WINDOWS_TO_OLSON.values()))
    return next((name for name in candidates if name in known_timezones() and same(name)), "")


def _telling_instants(zone: tzinfo, now: datetime) -> list[datetime]:
    """Every day of a year, and every hour of the days on which clocks change."""
    days = [now + timedelta(days=day) for day in range(_WATCHED.days)]
    changes = [day for day, after in pairwise(days) if _offset(day, zone) != _offset(after, zone)]
    return days + [day + timedelta(hours=hour) for day in changes for hour in range(24)]


def _offset(instant: datetime, zone: tzinfo) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()


def _told_zone(properties: list[Property]) -> tzinfo | None:
    """The zone as the file defines it, unless the definition is odd or costs too much."""
    kept = [p for p in properties if p.name in _DEFINITION]
    costly = any(p.name == "RRULE" and "FREQ=YEARLY" not in p.value.upper() for p in kept)
    if costly or len(kept) > _MAX_DEFINITION:
        return None
    lines = ["BEGIN:VTIMEZONE", *map(str, kept), "END:VTIMEZONE"]
    try:
        return tzical(io.StringIO("\r\n".join(lines))).get()
    except (ValueError, TypeError):  # what dateutil raises for a broken definition
        return None
