"""L3: days that are over are summed up once; what is cancelled later still counts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client import REGISTRY
from pytest_django import Settings

from analytics.queries import Day, list_days
from bookings.models import Booking
from bookings.services import cancel_booking
from evently.accounts.models import User
from events.models import Event, Role
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime.now(UTC).replace(hour=12)
CANCELLED = 'NOT ("bookings_booking"."status"'
DAY = timedelta(days=1)


def outcome(name: str) -> float:
    labels = {"layer": "l3", "outcome": name}
    return REGISTRY.get_sample_value("evently_cache_requests_total", labels) or 0


def book_at(event: Event, at: datetime, quantity: int = 1) -> Booking:
    booking = make_booking(event, quantity=quantity)
    Booking.objects.filter(pk=booking.pk).update(created_at=at)
    return booking


def cancel(booking: Booking) -> None:
    cancel_booking(reference=booking.reference, by=booking.user, now=NOW)


def days_of(user: User, now: datetime = NOW) -> list[Day]:
    return list_days(user=user, now=now, zone=BERLIN)


def seats(user: User, now: datetime = NOW) -> int:
    return sum(day.seats for day in days_of(user, now))


@pytest.fixture
def team() -> tuple[User, Event]:
    owner = make_user()
    return owner, make_event(make_organiser(owner))


def test_days_that_are_over_are_summed_up_once(team: tuple[User, Event]) -> None:
    owner, event = team
    for back in range(1, 6):
        book_at(event, NOW - back * DAY, quantity=2)
    first, hits = days_of(owner), outcome("hit")
    with CaptureQueriesContext(connection) as queries:
        assert days_of(owner) == first
    sums = [query["sql"] for query in queries if "SUM(" in query["sql"]]
    assert [CANCELLED in sql for sql in sums] == [True, False]
    assert 'created_at" <' not in sums[1]
    assert outcome("hit") == hits + 1
    assert [day.seats for day in first][-6:] == [2, 2, 2, 2, 2, 0]
    assert first[-2].revenue == {"EUR": Decimal(40)}


def test_what_is_booked_now_counts_now(team: tuple[User, Event]) -> None:
    owner, event = team
    book_at(event, NOW - 2 * DAY)
    assert seats(owner) == 1
    book_at(event, NOW, quantity=3)
    assert seats(owner) == 4
    assert days_of(owner)[-1].bookings == 1


def test_an_old_booking_that_is_cancelled_counts_no_more(team: tuple[User, Event]) -> None:
    owner, event = team
    old = book_at(event, NOW - 5 * DAY, quantity=4)
    kept = book_at(event, NOW - 5 * DAY, quantity=2)
    assert seats(owner) == 6
    cancel(old)
    hits = outcome("hit")
    [day] = [day for day in days_of(owner) if day.seats]
    assert (day.bookings, day.seats, day.revenue) == (1, 2, {"EUR": kept.total})
    assert outcome("hit") == hits + 1
    cancel(kept)
    assert all(not (day.bookings or day.seats or day.revenue) for day in days_of(owner))


def test_a_booking_that_comes_in_around_midnight_is_not_lost(team: tuple[User, Event]) -> None:
    owner, event = team
    midnight = datetime(NOW.year, NOW.month, NOW.day, tzinfo=BERLIN)
    just_after = midnight + timedelta(minutes=5)
    assert seats(owner, just_after) == 0
    book_at(event, midnight - timedelta(seconds=1))
    assert seats(owner, just_after) == 1


def test_each_sees_the_figures_of_their_own_events_and_money(team: tuple[User, Event]) -> None:
    owner, event = team
    doorman, stranger = make_user(), make_user()
    add_member(event.organiser, doorman, Role.DOOR)
    book_at(event, NOW - 3 * DAY)
    book_at(make_event(make_organiser(stranger)), NOW - 3 * DAY, quantity=7)
    found = {user: days_of(user)[-4] for user in (owner, doorman, stranger)}
    assert [day.seats for day in found.values()] == [1, 1, 7]
    assert [bool(day.revenue) for day in found.values()] == [True, False, True]
    staff = make_user(is_staff=True)
    assert seats(staff) == 8


def test_a_new_member_sees_them_at_once(team: tuple[User, Event]) -> None:
    owner, event = team
    book_at(event, NOW - 3 * DAY)
    colleague = make_user()
    assert (seats(owner), seats(colleague)) == (1, 0)
    member = add_member(event.organiser, colleague, Role.VIEWER)
    assert seats(colleague) == 1
    member.delete()
    assert seats(colleague) == 0


def test_colleagues_share_what_was_summed_up(team: tuple[User, Event]) -> None:
    owner, event = team
    colleague = make_user()
    add_member(event.organiser, colleague, Role.OWNER)
    days_of(owner)
    misses = outcome("miss")
    days_of(colleague)
    assert outcome("miss") == misses


def test_it_can_be_switched_off(team: tuple[User, Event], settings: Settings) -> None:
    owner, event = team
    settings.CACHES = settings.CACHES | {"results": settings.NO_CACHE}
    book_at(event, NOW - 2 * DAY)
    assert seats(owner) == 1
    book_at(event, NOW - 2 * DAY)
    assert seats(owner) == 2


def test_a_mistake_is_not_kept(team: tuple[User, Event], monkeypatch: Any) -> None:
    owner, event = team
    book_at(event, NOW - 2 * DAY)
    with monkeypatch.context() as patch:
        patch.setattr("analytics.queries._sums", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            days_of(owner)
    assert seats(owner) == 1
