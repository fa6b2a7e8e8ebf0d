"""Reminds people of what they booked: a day and an hour before it begins, once each.

Whoever books later than that needs no reminder. So the people to remind of an event are known when
its hour comes: one transaction writes to all of them and notes that it is done for this start. Of
the new start of an event that moves they are reminded anew, at once when the hour has come already.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid5

from django.db.models import Exists, OuterRef, Q

from bookings.models import Booking
from evently.instants import iso
from evently.transactions import unit_of_work
from events.models import Event
from notifications.models import Kind, Notice, Reminder
from notifications.writing import Telling, write_notices

# Hours before the event; the last is its beginning: nobody is reminded of what has begun.
HOURS = (24, 1, 0)


def write_reminders(*, now: datetime) -> None:
    """Write the reminders whose hour has come, also those that were missed meanwhile.

    Side effects:
        Opens a transaction for each event.
    """
    for hours, next_hours in pairwise(HOURS):
        for event in _events_to_remind_of(hours, next_hours, now):
            _remind_of(event, hours, now)


def is_too_late(notice: Notice, now: datetime) -> bool:
    """Whether a reminder is of no use any more: its event is off, has begun or has moved."""
    event, start = notice.event, notice.data.get("starts_at")
    return (
        event is None
        or event.status != Event.Status.PUBLISHED
        or event.starts_at <= now
        or start not in {None, iso(event.starts_at)}
    )


def about_reminder(event: Event, hours: int) -> UUID:
    """What the notices of one reminder are about: each person gets it once, however many bookings
    they have."""
    return uuid5(event.pk, f"reminder {hours} h before {iso(event.starts_at)}")


def _events_to_remind_of(hours: int, next_hours: int, now: datetime) -> list[Event]:
    done = Reminder.objects.filter(
        event=OuterRef("pk"), hours=hours, starts_at=OuterRef("starts_at")
    )
    events = Event.objects.filter(
        ~Exists(done),
        status=Event.Status.PUBLISHED,
        starts_at__gt=now + timedelta(hours=next_hours),
        starts_at__lte=now + timedelta(hours=hours),
    )
    return list(events)


def _remind_of(event: Event, hours: int, now: datetime) -> None:
    """An event that moves this instant is reminded of too early: `is_too_late` drops the mails."""
    with unit_of_work():
        # Who else is at it this instant writes the same notices, and each stands once in the rows.
        Reminder.objects.create(event=event, hours=hours, starts_at=event.starts_at, written_at=now)
        about = about_reminder(event, hours)
        data = {"hours": hours, "starts_at": iso(event.starts_at)}
        write_notices(
            Kind.EVENT_REMINDER,
            [
                Telling(user_id=user_id, event_id=event.pk, about=about, data=data)
                for user_id in _people_to_remind(event, hours)
            ],
        )


def _people_to_remind(event: Event, hours: int) -> list[UUID]:
    """Those who booked before the hour of the reminder, or for another date than this one."""
    in_time = Q(created_at__lte=event.starts_at - timedelta(hours=hours))
    if event.moved_at:
        in_time |= Q(created_at__lte=event.moved_at)
    booked = Booking.objects.live().filter(in_time, event=event)
    return list(booked.order_by().values_list("user_id", flat=True).distinct())
