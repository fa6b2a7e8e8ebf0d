"""What every change of an event's time or place does, whoever makes it."""

from datetime import datetime

from evently.facts import publish
from events.facts import EventMoved, Schedule
from events.models import Event


def note_move(event: Event, *, before: Schedule, now: datetime) -> tuple[str, ...]:
    """Count the move of a published event that was locked and given its new values.

    Returns:
        The names of the fields that are to be written beside those that changed; none when time
        and place are as they were.

    Side effects:
        Publishes EventMoved.
    """
    after = Schedule.of(event)
    if event.status != Event.Status.PUBLISHED or after == before:
        return ()
    event.moves += 1
    event.moved_at = now
    publish(EventMoved(event.pk, before, after, now))
    return ("moves", "moved_at")
