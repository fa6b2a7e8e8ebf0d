"""Reminds people of what they booked: a day and an hour before it begins, once each.

Whoever books later than that needs no reminder. So the people to remind of an event are known when
its hour comes: one transaction writes to all of them and notes that it is done.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid5

from django.db.models import Exists, OuterRef

from bookings.models import Booking
from evently.transactions import unit_of_work
from events.models import Event
from notifications.models import Kind, Reminder
from notifications.writing import Telling, write_notices

# Hours before the event; the last is its beginning: nobody is reminded of what has begun.
HOURS = (24, 1, 0)


def write_reminders(*, now: datetime) -> None:
    """Write the reminders whose hour has come, also those that were missed meanwhile.

    Side effects:
        Opens a transaction for each event.
    """
    for hours, next_hours in pairwise(HOURS):
        for event_id in _events_to_remind_of(hours, next_hours, now):
            _remind_of(event_id, hours, now)


def about_reminder(event_id: UUID, hours: int) -> UUID:
    """What the notices of one reminder are about: each person gets it once, however many bookings
    they have."""
    return uuid5(event_id, f"reminder {hours} h")


def _events_to_remind_of(hours: int, next_hours: int, now: datetime) -> list[UUID]:
    done = Reminder.objects.filter(event=OuterRef("pk"), hours=hours)
    events = Event.objects.filter(
        ~Exists(done),
        status=Event.Status.PUBLISHED,
        starts_at__gt=now + timedelta(hours=next_hours),
        starts_at__lte=now + timedelta(hours=hours),
    )
    return list(events.values_list("pk", flat=True))


def _remind_of(event_id: UUID, hours: int, now: datetime) -> None:
    with unit_of_work():
        # Who else is at it waits here for our commit, and then finds it done.
        _, is_ours = Reminder.objects.get_or_create(
            event_id=event_id, hours=hours, defaults={"written_at": now}
        )
        if is_ours:
            about = about_reminder(event_id, hours)
            tellings = [
                Telling(user_id=user_id, event_id=event_id, about=about, data={"hours": hours})
                for user_id in _people_to_remind(event_id, hours)
            ]
            write_notices(Kind.EVENT_REMINDER, tellings)


def _people_to_remind(event_id: UUID, hours: int) -> list[UUID]:
    event = Event.objects.get(pk=event_id)
    booked = Booking.objects.live().filter(
        event=event, created_at__lte=event.starts_at - timedelta(hours=hours)
    )
    return list(booked.order_by().values_list("user_id", flat=True).distinct())
