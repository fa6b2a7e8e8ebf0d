"""Jobs of bookings: what follows the cancellation of an event."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from bookings import services
from evently.jobs import nudge
from events.facts import EventCancelled


@shared_task(name="bookings.cancel_bookings_of_event", acks_late=True, ignore_result=True)
def cancel_bookings_of_event(*, event_id: str, **_: Any) -> None:
    """Cancel the bookings of a cancelled event, a batch after the other, until none is left."""
    while services.cancel_bookings_of_event(event_id=UUID(event_id), now=timezone.now()):
        pass


@shared_task(name="bookings.cancel_left_bookings", ignore_result=True)
def cancel_left_bookings(**_: Any) -> None:
    """The sweep for `cancel_bookings_of_event`."""
    for event_id in services.find_cancelled_events_with_bookings():
        nudge(cancel_bookings_of_event, event_id=str(event_id))


def nudge_cancellation(fact: EventCancelled) -> None:
    nudge(cancel_bookings_of_event, event_id=str(fact.event_id))
