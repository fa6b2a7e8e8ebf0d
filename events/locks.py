"""Every row lock on events. Locks are taken one event at a time, so they cannot form a cycle."""

from uuid import UUID

from events.errors import EventNotFound
from events.models import Event


def lock_event(event_id: UUID) -> Event:
    """The event's row, locked until the transaction ends and read as it is after the wait.

    Raises:
        EventNotFound: no such event.
    """
    event = Event.objects.select_for_update(of=("self",)).filter(pk=event_id).first()
    if event is None:
        raise EventNotFound
    return event
