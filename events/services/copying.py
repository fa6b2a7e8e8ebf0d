"""Copying an event to another date."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from evently.accounts.models import User
from evently.errors import Invalid
from events.models import Event
from events.queries import get_event
from events.services.editing import DETAILS, create_event

MOVED = ("starts_at", "ends_at", "sales_start_at", "sales_end_at")
COPIED = (DETAILS - set(MOVED)) | {"capacity"}


def duplicate_event(*, event_id: UUID, by: User, starts_at: datetime, now: datetime) -> Event:
    """Add a draft with the settings of another event at a new start, all of its seats free.

    Bookings, waitlist and the identity in an imported file stay with the event that is copied. Its
    end and its sale move along (`moved_times`), so that a sale may lie in the past; the organiser
    sees it in the draft.

    Args:
        starts_at: aware, after `now`.
        now: aware UTC instant, read once at the edge.

    Raises:
        EventNotFound: no such event, or not the user's to see.
        OrganiserNotFound, Forbidden: the user may not add events to its organiser's.
        Invalid: the new start is not in the future, or a setting is not allowed any more.

    Side effects:
        As `create_event`.
    """
    event = get_event(event_id=event_id, user=by)
    if starts_at <= now:
        raise Invalid(starts_at=_("This lies in the past. Choose a start in the future."))
    times = {name: getattr(event, name) for name in MOVED if getattr(event, name)}
    details = {name: getattr(event, name) for name in COPIED}
    moved = moved_times(times, starts_at=starts_at, zone=ZoneInfo(event.timezone))
    return create_event(organiser_id=event.organiser_id, by=by, details=details | moved, now=now)


def moved_times(
    times: Mapping[str, datetime], *, starts_at: datetime, zone: ZoneInfo
) -> dict[str, datetime]:
    """The times of an event that is moved to a new start, as UTC instants.

    Distances count on the clocks of the zone: an event from 19:30 to 23:00 whose sale begins four
    weeks before it at 10:00 still does when the clocks change in between. A time that clocks skip
    becomes as much later, of one that comes twice the first is taken. Where this would bring the
    times out of their order (an event in the hour of such a change), hours passed count instead.

    Args:
        times: aware instants by name; `starts_at` is among them.
        starts_at: the new one, aware.
    """
    old_start = times["starts_at"]
    on_clocks = _wall(starts_at, zone) - _wall(old_start, zone)
    by_clock = {
        name: (_wall(instant, zone) + on_clocks).replace(tzinfo=zone).astimezone(UTC)
        for name, instant in times.items()
    } | {"starts_at": starts_at.astimezone(UTC)}
    if _ranks(list(by_clock.values())) == _ranks(list(times.values())):
        return by_clock
    return {name: (starts_at + (at - old_start)).astimezone(UTC) for name, at in times.items()}


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the zone's clocks show."""
    return instant.astimezone(zone).replace(tzinfo=None)


def _ranks(instants: Sequence[datetime]) -> list[int]:
    order = sorted(set(instants))
    return [order.index(instant) for instant in instants]
