"""Every row lock on events and teams. Each is taken alone, so locks cannot form a cycle."""

from collections.abc import Collection
from uuid import UUID

from events.errors import EventNotFound, OrganiserNotFound
from events.models import Event, Organiser

# What a sale looks at, and what it tells of. The rest of a row, its long texts above all, would
# take as much time again.
OF_A_SALE = (
    "organiser_id",
    # What an open page shows of it, for the news of the sale.
    "name",
    "venue",
    "starts_at",
    "timezone",
    "status",
    "capacity",
    "available_seats",
    "max_per_booking",
    "repeat_bookings_allowed",
    "price",
    "currency",
    "version",
    "ends_at",
    "sales_start_at",
    "sales_end_at",
)


def lock_event(event_id: UUID) -> Event:
    """The event's row, locked until the transaction ends and read as it is after the wait.

    Raises:
        EventNotFound: no such event.
    """
    event = Event.objects.select_for_update(of=("self",)).filter(pk=event_id).first()
    if event is None:
        raise EventNotFound
    return event


def lock_free_events(event_ids: Collection[UUID]) -> list[Event]:
    """The rows of those events that nobody else has locked, without waiting; unknown ids are left
    out, too. With what a sale looks at alone: whatever else is wanted of one is read by itself.
    """
    rows = Event.objects.select_for_update(of=("self",), skip_locked=True).only(*OF_A_SALE)
    return list(rows.filter(pk__in=event_ids).order_by("pk"))


def lock_organiser(organiser_id: UUID) -> Organiser:
    """The organiser's row, so that its team is changed by one person at a time.

    Its events are sold meanwhile: only the key of the row is needed for that, and it stays free.

    Raises:
        OrganiserNotFound: no such organiser.
    """
    rows = Organiser.objects.select_for_update(no_key=True)
    organiser = rows.filter(pk=organiser_id).first()
    if organiser is None:
        raise OrganiserNotFound
    return organiser
