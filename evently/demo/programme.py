"""The demo's organisers and events, read from `programme.toml`."""

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from events.models import Event

FILE = Path(__file__).with_name("programme.toml")
# Begins the `import_uid` of every event of the demo; no form shows or changes that field.
UID_PREFIX = "demo-"
SALES_OPEN_AT, SALES_CLOSE_AT = time(10), time(18)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEvent:
    """One event, its start told in days from the day of loading and in local time.

    Args:
        hours: how long it lasts.
        taken: percent of the seats that are sold.
        most: seats in one booking, at most.
        sale_from: when booking begins, in days from the day of loading; None: at once.
        sale_until: when it ends; None: with the event.
        waiting: people who wait for seats of a sold-out one.
        visitor: what the demo's visitor does there: "waits", or is "offered" seats.
    """

    name: str
    venue: str
    text: str
    day: int
    at: str
    hours: float
    seats: int
    price: str
    taken: int
    most: int = 6
    sale_from: int | None = None
    sale_until: int | None = None
    waiting: int = 0
    visitor: str = ""
    status: Event.Status = Event.Status.PUBLISHED

    def details(self, *, now: datetime, timezone: str) -> dict[str, Any]:
        """The event's fields, but for organiser, currency and status."""
        zone = ZoneInfo(timezone)
        today = now.astimezone(zone).date()
        starts_at = _local(today + timedelta(self.day), time.fromisoformat(self.at), zone)
        return {
            "name": self.name,
            "description": self.text,
            "venue": self.venue,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=self.hours),
            "sales_start_at": _sale(today, self.sale_from, SALES_OPEN_AT, zone),
            "sales_end_at": _sale(today, self.sale_until, SALES_CLOSE_AT, zone),
            "timezone": timezone,
            "capacity": self.seats,
            "price": Decimal(self.price),
            "max_per_booking": self.most,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOrganiser:
    """A team and its events; the first name in the team is the owner's."""

    name: str
    city: str
    timezone: str
    currency: str
    team: list[str]
    events: list[PlannedEvent] = field(default_factory=list)


def read_programme() -> list[PlannedOrganiser]:
    """All organisers in the order of the file."""
    told = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return [_organiser(entry) for entry in told["organisers"]]


def _organiser(entry: dict[str, Any]) -> PlannedOrganiser:
    events = [PlannedEvent(**_typed(event)) for event in entry.pop("events")]
    return PlannedOrganiser(**entry, events=events)


def _typed(event: dict[str, Any]) -> dict[str, Any]:
    status = Event.Status(event.get("status", Event.Status.PUBLISHED))
    return event | {"status": status}


def _sale(today: date, days: int | None, at: time, zone: ZoneInfo) -> datetime | None:
    return None if days is None else _local(today + timedelta(days), at, zone)


def _local(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
