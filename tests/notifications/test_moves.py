"""An event with a new time or place: who is told, what, how often, and what they may do then."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from bookings.models import Booking
from evently.accounts.models import User
from events.importing import Defaults, parse_file
from events.models import Event
from events.services import cancel_event, import_events, publish_event
from notifications import moves
from notifications.delivery import deliver_batch, plan_deliveries
from notifications.models import Move
from notifications.moves import SETTLES_AFTER, WAITS_AT_MOST, tell_of_moves
from notifications.rendering import render
from notifications.writing import write_notices
from tests.admin.world import entries
from tests.makers import make_booking, make_event, make_organiser, make_user
from tests.notifications.mailroom import MoodySmtp
from tests.notifications.moving import (
    DAY,
    HOUR,
    MINUTE,
    WEEK,
    change,
    entry_of,
    move,
    now,
    tell,
    told,
)
from tests.notifications.people import state_of
from tests.waitlist.people import make_entry, make_full_event

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


# --- Every edge -----------------------------------------------------------------------------------


def by_api(event: Event, by: User, starts_at: datetime) -> None:
    client = Client()
    client.force_login(by)
    token = client.post(
        "/api/v1/auth/login",
        {"email": by.email, "password": "correct horse battery 9"},
        content_type="application/json",
    ).json()["access"]
    path = f"/api/v1/events/{event.pk}"
    bearer = {"Authorization": f"Bearer {token}"}
    body = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + 3 * HOUR).isoformat()}
    tag = client.get(path, headers=bearer)["ETag"]
    answer = client.patch(
        path, body, content_type="application/json", headers=bearer | {"If-Match": tag}
    )
    assert answer.status_code == 200, answer.content


def by_admin(event: Event, by: User, starts_at: datetime) -> None:
    client = Client()
    client.force_login(by)
    page = reverse("admin:events_event_change", args=[event.pk])
    moved = Event.objects.get(pk=event.pk)
    moved.starts_at, moved.ends_at = starts_at, starts_at + 3 * HOUR
    answer = client.post(page, entries(moved), follow=True)
    assert "is told of the new time or place" in answer.content.decode()


def by_import(event: Event, by: User, starts_at: datetime) -> None:
    Event.objects.filter(pk=event.pk).update(import_uid="late-jazz")
    sheet = (
        "name,venue,starts_at,ends_at,timezone,capacity,price,currency,uid\n"
        f"{event.name},{event.venue},{starts_at.isoformat()},{(starts_at + 3 * HOUR).isoformat()},"
        f"{event.timezone},{event.capacity},{event.price},{event.currency},late-jazz\n"
    )
    defaults = Defaults(timezone="UTC", capacity=1, price=Decimal(0), currency="EUR")
    parsed = parse_file(sheet.encode(), filename="a.csv", defaults=defaults, now=now())
    report = import_events(
        organiser_id=event.organiser_id,
        parsed=parsed,
        by=by,
        publish=False,
        partial=False,
        now=now(),
    )
    assert (report.changed, report.bad) == (1, [])


@pytest.mark.parametrize("edge", [by_api, by_admin, by_import])
def test_whoever_moves_an_event_its_people_are_told(
    owner: User, booking: Booking, edge: Callable[[Event, User, datetime], None]
) -> None:
    event = booking.event
    start = (event.starts_at + WEEK).replace(second=0, microsecond=0)
    edge(event, owner, start)
    tell()
    [notice] = told(event)
    assert notice.user == booking.user
    assert notice.event is not None
    assert notice.event.starts_at == start
    assert (notice.event.moves, notice.event.moved_at is None) == (1, False)


# --- Who, and how often ---------------------------------------------------------------------------


def test_who_booked_and_who_waits_are_told_and_nobody_else(owner: User) -> None:
    event = make_full_event(organiser=make_organiser(owner))
    holder = Booking.objects.get(event=event).user
    waiting, gone = make_user(), make_user()
    make_entry(event, waiting)
    make_booking(make_event(), gone)
    move(event, owner)
    tell()
    assert {notice.user for notice in told(event)} == {holder, waiting}


def test_who_books_after_the_move_knows_the_new_date(owner: User, booking: Booking) -> None:
    move(booking.event, owner)
    make_booking(booking.event, make_user())
    tell()
    assert [notice.user for notice in told(booking.event)] == [booking.user]


def test_several_changes_within_minutes_are_told_once_with_the_last_state(
    owner: User, booking: Booking
) -> None:
    event, begun = booking.event, now()
    move(event, owner, at=begun)
    move(event, owner, DAY, at=begun + MINUTE)
    change(event, owner, at=begun + MINUTE, venue="Attic")
    tell_of_moves(now=begun + 2 * MINUTE)
    assert told(event) == []
    tell_of_moves(now=begun + MINUTE + SETTLES_AFTER)
    tell_of_moves(now=begun + DAY)
    [notice] = told(event)
    assert notice.data["venue"] == "Cellar"
    assert datetime.fromisoformat(notice.data["starts_at"]) == event.starts_at
    assert "Attic" in render(notice).text


def test_changes_without_end_do_not_put_it_off_for_ever(owner: User, booking: Booking) -> None:
    begun = now()
    for minute in range(11):
        move(booking.event, owner, HOUR, at=begun + minute * MINUTE)
    tell_of_moves(now=begun + WAITS_AT_MOST)
    assert len(told(booking.event)) == 1


def test_a_change_after_that_is_told_again(owner: User, booking: Booking) -> None:
    event = booking.event
    move(event, owner)
    tell()
    move(event, owner)
    tell()
    first, second = told(event)
    assert datetime.fromisoformat(second.data["starts_at"]) == event.starts_at + WEEK
    assert first.data != second.data


def test_a_change_that_is_taken_back_is_told_to_nobody(owner: User, booking: Booking) -> None:
    move(booking.event, owner)
    move(booking.event, owner, -WEEK)
    tell()
    assert told(booking.event) == []
    assert not Move.objects.filter(written_at=None).exists()


@pytest.mark.parametrize(
    ("old", "new"), [(HOUR, WEEK), (WEEK, 2 * HOUR)], ids=["was to begin soon", "begins soon"]
)
def test_nobody_waits_for_news_of_what_is_near(owner: User, old: timedelta, new: timedelta) -> None:
    event = make_event(make_organiser(owner), starts_at=now() + old)
    make_booking(event)
    start = now() + new
    change(event, owner, starts_at=start, ends_at=start + HOUR)
    tell_of_moves(now=now())
    assert len(told(event)) == 1


def test_other_changes_and_drafts_are_no_move(owner: User, booking: Booking) -> None:
    change(booking.event, owner, price=Decimal(30), name="Later Jazz", capacity=120)
    draft = make_event(make_organiser(owner), status=Event.Status.DRAFT)
    move(draft, owner)
    publish_event(event_id=draft.pk, by=owner, now=now())
    assert not Move.objects.exists()
    assert set(Event.objects.values_list("moves", "moved_at")) == {(0, None)}


def test_of_an_event_that_is_called_off_only_that_is_told(
    owner: User, booking: Booking, smtp: MoodySmtp
) -> None:
    move(booking.event, owner)
    tell()
    plan_deliveries(now=now())
    cancel_event(event_id=booking.event.pk, by=owner, now=now())
    [notice] = told(booking.event)
    deliver_batch(now=now())
    assert state_of(notice.deliveries.get()) == "suppressed"


def test_telling_that_was_interrupted_goes_on(
    owner: User, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = {make_booking(event, make_user()).user for _ in range(3)}
    move(event, owner)
    monkeypatch.setattr(moves, "BATCH", 2)
    batches = 0

    def die_at_the_second(*args: Any) -> None:
        nonlocal batches
        batches += 1
        if batches == 2:
            raise KeyboardInterrupt
        write_notices(*args)

    with monkeypatch.context() as patch:
        patch.setattr(moves, "write_notices", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            tell()
    assert len(told(event)) == 2
    tell()
    assert {notice.user for notice in told(event)} == people
    assert len(told(event)) == 3


# --- What they read -------------------------------------------------------------------------------


def test_the_mail_says_old_and_new_on_both_clocks_and_brings_a_new_calendar_file(
    owner: User, smtp: MoodySmtp
) -> None:
    event = make_event(make_organiser(owner), starts_at=datetime(2031, 6, 1, 18, tzinfo=UTC))
    booking = make_booking(event, make_user("Ada"))
    change(
        event,
        owner,
        starts_at=datetime(2031, 6, 8, 19, tzinfo=UTC),
        ends_at=datetime(2031, 6, 8, 22, tzinfo=UTC),
        timezone="Europe/London",
        venue="Attic",
    )
    tell()
    [notice] = told(event)
    mail = render(notice)
    assert mail.subject == "New time or place: Late Jazz"
    space = "\N{NARROW NO-BREAK SPACE}"
    for words in (
        f"New time: Sunday, June 8, 2031, 8:00{space}PM – 11:00{space}PM, London time",
        f"Old time: Sunday, June 1, 2031, 8:00{space}PM – 11:00{space}PM, Berlin time",
        "New place: Attic",
        "Old place: Cellar",
        "Your booking stays valid.",
        f"You can cancel free of charge until Sunday, June 8, 2031, 11:00{space}PM, London time.",
    ):
        assert words in " ".join(mail.text.split(" "))
    assert booking.reference in mail.html
    [file] = mail.attachments
    entry = entry_of(file.content)
    assert (entry["UID"], entry["SEQUENCE"]) == (f"{booking.pk}@evently", 1)
    assert entry["STATUS"] == "CONFIRMED"
    assert entry.decoded("DTSTART") == datetime(2031, 6, 8, 19, tzinfo=UTC)
    assert entry["LOCATION"] == "Attic"


def test_only_what_changed_is_called_new(owner: User, booking: Booking) -> None:
    change(booking.event, owner, venue="Attic")
    tell()
    text = render(told(booking.event)[0]).text
    assert "New place: Attic" in text
    assert "somewhere else" in text
    assert "New time" not in text


def test_who_waits_reads_that_the_place_is_kept_and_how_to_leave(owner: User) -> None:
    event = make_full_event(organiser=make_organiser(owner))
    waiting = make_user()
    make_entry(event, waiting)
    move(event, owner)
    tell()
    [notice] = [notice for notice in told(event) if notice.user == waiting]
    mail = render(notice)
    assert "You keep your place on the waitlist." in mail.text
    assert "Leave the waitlist with one click" in mail.text
    assert mail.attachments == ()


def test_each_of_a_persons_bookings_changes_in_the_calendar(owner: User) -> None:
    event = make_event(make_organiser(owner), repeat_bookings_allowed=True)
    person = make_user()
    bookings = [make_booking(event, person) for _ in range(3)]
    move(event, owner)
    tell()
    [notice] = told(event)
    [file] = render(notice).attachments
    entries_of_file = Calendar.from_ical(file.content).walk("VEVENT")
    assert {entry["UID"] for entry in entries_of_file} == {f"{b.pk}@evently" for b in bookings}
