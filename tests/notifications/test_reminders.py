"""A day and an hour before an event whoever booked is reminded, once, and never too late."""

from datetime import UTC, datetime, timedelta

import pytest

from bookings.models import Booking
from bookings.services import cancel_booking
from events.models import Event
from notifications.models import Kind, Notice
from notifications.reminders import write_reminders
from tests.makers import make_booking, make_event, make_user

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def booking() -> Booking:
    return make_booking(make_event())


def remind(event: Event, before: timedelta) -> list[int]:
    """Hours of the reminders that there are, after a round so long before the event begins."""
    write_reminders(now=event.starts_at - before)
    told = Notice.objects.filter(kind=Kind.EVENT_REMINDER, event=event).order_by("id")
    return [notice.data["hours"] for notice in told]


def test_a_person_is_reminded_a_day_and_an_hour_before_and_once(booking: Booking) -> None:
    event = booking.event
    assert remind(event, DAY + timedelta(seconds=1)) == []
    assert remind(event, DAY) == [24]
    assert remind(event, DAY - timedelta(minutes=1)) == [24]
    assert remind(event, HOUR + timedelta(seconds=1)) == [24]
    assert remind(event, HOUR) == [24, 1]
    assert remind(event, timedelta(minutes=30)) == [24, 1]
    assert {notice.user for notice in Notice.objects.filter(kind=Kind.EVENT_REMINDER)} == {
        booking.user
    }


def test_what_a_pause_of_an_hour_missed_is_caught_up(booking: Booking) -> None:
    assert remind(booking.event, DAY - HOUR) == [24]
    assert remind(booking.event, timedelta(minutes=1)) == [24, 1]


def test_after_a_long_pause_only_the_last_reminder_is_sent(booking: Booking) -> None:
    assert remind(booking.event, HOUR) == [1]


def test_nobody_is_reminded_of_what_has_begun(booking: Booking) -> None:
    assert remind(booking.event, timedelta(0)) == []
    assert remind(booking.event, -HOUR) == []


def test_who_booked_within_the_last_day_is_reminded_an_hour_before_alone() -> None:
    event = make_event(starts_at=datetime.now(UTC) + timedelta(hours=5))
    make_booking(event)
    assert remind(event, timedelta(hours=4)) == []
    assert remind(event, HOUR) == [1]


def test_who_has_several_bookings_is_reminded_once() -> None:
    event = make_event(repeat_bookings_allowed=True)
    person = make_user()
    for _ in range(3):
        make_booking(event, person)
    assert remind(event, DAY) == [24]


def test_cancelled_bookings_and_events_remind_of_nothing(booking: Booking) -> None:
    cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))
    assert remind(booking.event, DAY) == []
    off = make_booking(make_event()).event
    Event.objects.filter(pk=off.pk).update(status=Event.Status.CANCELLED)
    assert remind(off, DAY) == []
