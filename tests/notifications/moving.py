"""Moving events, and what people are told of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Calendar

from evently.accounts.models import User
from events.models import Event
from events.services import edit_event
from notifications.models import Kind, Notice
from notifications.moves import SETTLES_AFTER, tell_of_moves

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WEEK = 7 * DAY


def now() -> datetime:
    return datetime.now(UTC)


def change(event: Event, by: User, at: datetime | None = None, **changes: Any) -> None:
    fresh = Event.objects.get(pk=event.pk)
    edit_event(
        event_id=event.pk,
        by=by,
        changes=changes,
        expected_version=fresh.version,
        now=at or now(),
    )


def move(event: Event, by: User, by_time: timedelta = WEEK, at: datetime | None = None) -> None:
    """Both start and end."""
    fresh = Event.objects.get(pk=event.pk)
    change(event, by, at, starts_at=fresh.starts_at + by_time, ends_at=fresh.ends_at + by_time)


def told(event: Event) -> list[Notice]:
    notices = Notice.objects.filter(kind=Kind.EVENT_MOVED, event=event)
    return list(notices.select_related("user", "event").order_by("id"))


def tell(after: timedelta = SETTLES_AFTER + MINUTE) -> None:
    tell_of_moves(now=now() + after)


def entry_of(content: bytes) -> Any:
    [entry] = Calendar.from_ical(content).walk("VEVENT")
    return entry
