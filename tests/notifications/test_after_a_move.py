"""After an event has moved: calendar files, cancelling, reminders."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from bookings.models import TIME_TO_DECIDE, Booking
from bookings.services import cancel_booking
from evently.accounts.models import User
from events.errors import EventClosed
from events.models import Event
from events.services import cancel_event
from notifications.delivery import deliver_batch, plan_deliveries
from notifications.models import Kind, Notice
from notifications.reminders import write_reminders
from tests.makers import make_booking, make_event, make_organiser, make_user, mark_paid
from tests.notifications.mailroom import MoodySmtp
from tests.notifications.moving import DAY, HOUR, MINUTE, WEEK, change, entry_of, move, now
from tests.notifications.people import state_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner() -> User:
    return make_user("Olga")


@pytest.fixture
def event(owner: User) -> Event:
    return make_event(make_organiser(owner))


@pytest.fixture
def booking(event: Event) -> Booking:
    return make_booking(event)


# --- The calendar file over a life ----------------------------------------------------------------


def download(booking: Booking) -> tuple[str, Any]:
    client = Client()
    client.force_login(booking.user)
    answer = client.get(reverse("bookings:calendar", args=[booking.reference]))
    assert answer.status_code == 200
    content = answer.content
    assert f"method={Calendar.from_ical(content)['METHOD']}" in answer["Content-Type"]
    return str(Calendar.from_ical(content)["METHOD"]), entry_of(content)


def test_the_entry_keeps_its_uid_and_its_sequence_grows_with_every_change(
    owner: User, booking: Booking
) -> None:
    event = booking.event
    seen = [download(booking)]
    for step in (
        lambda: move(event, owner),
        lambda: change(event, owner, venue="Attic"),
        lambda: cancel_booking(reference=booking.reference, by=booking.user, now=now()),
    ):
        step()
        seen.append(download(booking))
    change(event, owner, price=Decimal(5))
    assert [method for method, _ in seen] == ["PUBLISH", "PUBLISH", "PUBLISH", "CANCEL"]
    assert [entry["SEQUENCE"] for _, entry in seen] == [0, 1, 2, 3]
    assert {entry["UID"] for _, entry in seen} == {f"{booking.pk}@evently"}
    assert [entry["STATUS"] for _, entry in seen] == ["CONFIRMED"] * 3 + ["CANCELLED"]
    stamps = [entry.decoded("LAST-MODIFIED") for _, entry in seen]
    assert stamps == sorted(stamps)
    for _, entry in seen:
        assert entry.decoded("DTSTAMP") >= entry.decoded("LAST-MODIFIED")
        assert str(entry["ORGANIZER"]).startswith("mailto:")


def test_the_mail_of_a_cancellation_asks_calendars_to_take_the_entry_out(
    booking: Booking, smtp: MoodySmtp
) -> None:
    cancel_booking(reference=booking.reference, by=booking.user, now=now())
    plan_deliveries(now=now())
    deliver_batch(now=now())
    [mail] = [mail for mail in smtp.taken if "Cancelled" in str(mail["Subject"])]
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "CANCEL"
    calendar = Calendar.from_ical(bytes(part.get_payload(decode=True)))
    assert calendar["METHOD"] == "CANCEL"
    [entry] = calendar.walk("VEVENT")
    assert (entry["STATUS"], entry["SEQUENCE"]) == ("CANCELLED", 1)


@pytest.mark.parametrize("whose", ["booking", "event"])
def test_what_is_off_is_not_offered_to_the_calendar(
    owner: User, booking: Booking, whose: str
) -> None:
    client = Client()
    client.force_login(booking.user)
    page = reverse("bookings:ticket", args=[booking.reference])
    assert "Add to calendar" in client.get(page).content.decode()
    if whose == "booking":
        cancel_booking(reference=booking.reference, by=booking.user, now=now())
    else:
        cancel_event(event_id=booking.event.pk, by=owner, now=now())
    shown = client.get(page).content.decode()
    assert "Add to calendar" not in shown
    assert "Remove from calendar" in shown
    assert download(booking)[0] == "CANCEL"


# --- Cancelling after a move ----------------------------------------------------------------------


def may_cancel(booking: Booking, at: datetime) -> bool:
    try:
        cancel_booking(reference=booking.reference, by=booking.user, now=at)
    except EventClosed:
        return False
    return True


def test_who_booked_another_date_has_days_to_cancel_even_after_the_new_end(owner: User) -> None:
    event = make_event(make_organiser(owner))
    early, late = make_booking(event), None
    mark_paid(early)
    at = now()
    change(event, owner, starts_at=at + HOUR, ends_at=at + 2 * HOUR)
    late = make_booking(event, make_user())
    event.refresh_from_db()
    end = event.ends_at
    assert event.moved_at is not None
    assert not may_cancel(late, end)
    assert not may_cancel(early, event.moved_at + TIME_TO_DECIDE)
    assert may_cancel(early, event.moved_at + TIME_TO_DECIDE - MINUTE)
    early.refresh_from_db()
    assert (early.status, early.refund) == (Booking.Status.CANCELLED, Booking.Refund.DUE)
    event.refresh_from_db()
    assert event.available_seats == event.capacity - late.quantity


def test_later_dates_can_be_cancelled_until_their_end(owner: User, booking: Booking) -> None:
    event = booking.event
    move(event, owner)
    assert may_cancel(booking, event.ends_at + WEEK - MINUTE)


def test_the_ticket_says_that_it_moved_and_until_when_it_can_be_cancelled(
    owner: User, booking: Booking
) -> None:
    client = Client()
    client.force_login(booking.user)
    page = reverse("bookings:ticket", args=[booking.reference])
    assert "Time or place changed" not in client.get(page).content.decode()
    move(booking.event, owner)
    shown = client.get(page).content.decode()
    assert "Time or place changed after you booked" in shown
    assert "cancel free of charge until" in shown
    Event.objects.filter(pk=booking.event.pk).update(
        starts_at=now() - 3 * HOUR, ends_at=now() - HOUR
    )
    shown = client.get(page).content.decode()
    assert "It was moved after you booked" in shown
    assert "Cancel booking" in shown


# --- Reminders ------------------------------------------------------------------------------------


def reminders(event: Event) -> list[tuple[int, datetime]]:
    notices = Notice.objects.filter(kind=Kind.EVENT_REMINDER, event=event).order_by("id")
    return [
        (notice.data["hours"], datetime.fromisoformat(notice.data["starts_at"]))
        for notice in notices
    ]


def test_an_event_that_moves_later_is_reminded_of_again(owner: User, booking: Booking) -> None:
    event = booking.event
    start = event.starts_at
    write_reminders(now=start - DAY)
    assert reminders(event) == [(24, start)]
    move(event, owner)
    write_reminders(now=start - DAY)
    write_reminders(now=start - HOUR)
    assert reminders(event) == [(24, start)]
    write_reminders(now=start + WEEK - DAY)
    write_reminders(now=start + WEEK - DAY)
    write_reminders(now=start + WEEK - HOUR)
    assert reminders(event) == [(24, start), (24, start + WEEK), (1, start + WEEK)]


def test_an_event_that_moves_earlier_is_reminded_of_at_once_when_it_is_due(
    owner: User, booking: Booking
) -> None:
    start = now() + 5 * HOUR
    change(booking.event, owner, starts_at=start, ends_at=start + HOUR)
    write_reminders(now=now())
    assert reminders(booking.event) == [(24, start)]


def test_a_reminder_of_a_start_that_holds_no_more_is_not_mailed(
    owner: User, booking: Booking, smtp: MoodySmtp
) -> None:
    event = booking.event
    Notice.objects.all().delete()
    write_reminders(now=event.starts_at - DAY)
    plan_deliveries(now=now())
    move(event, owner)
    deliver_batch(now=event.starts_at - DAY + MINUTE)
    notice = Notice.objects.get(kind=Kind.EVENT_REMINDER)
    assert state_of(notice.deliveries.get()) == "suppressed"
    assert smtp.taken == []
