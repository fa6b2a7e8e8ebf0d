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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEvent:
    """One event, its start told in days from the day of loading and in local time.

    Args:
        hours: how long it lasts.
        taken: percent of the seats that are sold.
        most: seats in one booking, at most.
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
    status: Event.Status = Event.Status.PUBLISHED

    def starts_at(self, *, now: datetime, timezone: str) -> datetime:
        """The start as a UTC instant."""
        zone = ZoneInfo(timezone)
        day = now.astimezone(zone).date() + timedelta(days=self.day)
        return _local(day, time.fromisoformat(self.at), zone)

    def details(self, *, now: datetime, timezone: str) -> dict[str, Any]:
        """The event's fields, but for organiser, currency and status."""
        starts_at = self.starts_at(now=now, timezone=timezone)
        return {
            "name": self.name,
            "description": self.text,
            "venue": self.venue,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=self.hours),
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


def _local(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
