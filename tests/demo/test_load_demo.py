"""The demo: believable, loaded once, and made through the services that sell everything else."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from bookings.models import Booking
from evently.accounts.models import User
from evently.demo import loading
from evently.demo.models import DemoLoad
from evently.demo.people import ADMIN, LOGINS, ORGANISER, VISITOR
from evently.demo.programme import read_programme
from evently.site.templatetags.show import chip_words, sale_state
from events.models import Event, Membership, Organiser, Role
from events.services import audit_inventory
from notifications.models import Notice
from tests.makers import make_event
from waitlist.models import Entry, Offer

Status = Event.Status
pytestmark = pytest.mark.django_db


@pytest.fixture
def small_programme(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole demo takes seconds; one team and its first events show the same rules."""
    team = read_programme()[0]
    del team.events[2:]
    monkeypatch.setattr(loading, "read_programme", lambda: [team])


def load(*arguments: str) -> str:
    out = StringIO()
    call_command("load_demo", *arguments, stdout=out)
    return out.getvalue()


def counts() -> list[int]:
    return [model.objects.count() for model in (User, Organiser, Event, Booking, Membership)]


@pytest.mark.django_db(transaction=True)
def test_the_whole_demo_adds_up_and_shows_every_state_of_an_event() -> None:
    now = datetime.now(UTC)
    load()
    assert audit_inventory(now=now).drifts == []
    events = Event.objects.all()
    assert (events.count(), Organiser.objects.count()) == (60, 8)
    assert Booking.objects.live().count() > 4_000
    assert Booking.objects.filter(status=Booking.Status.CANCELLED).count() > 80
    upcoming = events.upcoming(now)
    assert upcoming.filter(available_seats=0).count() >= 8
    assert upcoming.filter(available_seats__range=(1, 5)).count() >= 5
    assert {event.status for event in events} == set(Status)
    assert {sale_state(event) for event in events} == set(chip_words())
    assert {8, 20_000} <= {event.capacity for event in events}
    assert len({event.timezone for event in events}) >= 7
    assert len({event.currency for event in events}) >= 7
    assert upcoming.filter(price=0).exists()


def test_people_wait_for_a_sold_out_event_and_the_visitor_has_an_offer(
    small_programme: None,
) -> None:
    load()
    now = datetime.now(UTC)
    offer = Offer.objects.open().get()
    event = offer.event
    assert (offer.user.email, offer.expires_at > now) == (VISITOR, True)
    assert event.available_seats == 0
    assert Entry.objects.waiting().filter(event=event).count() >= 5
    assert Offer.objects.filter(event=event, status=Offer.Status.ACCEPTED).exists()
    joined = Entry.objects.filter(event=event).values_list("joined_at", flat=True)
    assert max(joined) < offer.made_at < now


def test_nobody_is_told_of_what_is_made_up(small_programme: None) -> None:
    load()
    assert Booking.objects.exists()
    assert not Notice.objects.exists()


def test_sales_lie_in_the_past_and_before_their_event(small_programme: None) -> None:
    load()
    bookings = Booking.objects.select_related("event")
    assert bookings
    now = datetime.now(UTC)
    for booking in bookings:
        assert booking.event.created_at <= booking.created_at <= now
        assert booking.created_at < booking.event.starts_at
        assert booking.cancelled_at is None or booking.created_at <= booking.cancelled_at <= now


def test_a_second_run_says_so_and_changes_nothing(small_programme: None) -> None:
    load()
    before = counts()
    assert "nothing is changed" in load()
    assert "nothing is changed" in load("--force")
    assert counts() == before


def test_the_mark_survives_the_edits_of_its_users(small_programme: None) -> None:
    load()
    Event.objects.update(name="Mine", status=Status.DRAFT)
    Organiser.objects.update(name="Mine too")
    for number, user in enumerate(User.objects.filter(email__in=LOGINS)):
        User.objects.filter(pk=user.pk).update(email=f"renamed{number}@example.com")
    before = counts()
    load()
    assert counts() == before


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_load_begins_anew(small_programme: None) -> None:
    load()
    whole = counts()
    DemoLoad.objects.all().delete()
    load()
    assert counts() == whole
    assert audit_inventory(now=datetime.now(UTC)).drifts == []


def test_the_same_demo_every_time(small_programme: None) -> None:
    def sold() -> list[tuple[str, int]]:
        told = Booking.objects.order_by("event__name", "user__email", "quantity")
        return list(told.values_list("user__email", "quantity"))

    load()
    first = sold()
    DemoLoad.objects.all().delete()
    load()
    assert sold() == first


def test_real_events_are_not_mixed_with_a_demo(small_programme: None) -> None:
    make_event()
    before = counts()
    with pytest.raises(CommandError, match="--force"):
        load()
    assert "no demo is loaded" in load("--if-empty")
    assert counts() == before
    load("--force")
    assert counts() > before


def test_the_log_ins_work_with_the_password_of_the_environment(
    small_programme: None, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setenv("EVENTLY_ADMIN_PASSWORD", "a password of the environment")
    out = load()
    assert "a password of the environment" not in out
    for email in (ADMIN, ORGANISER, VISITOR):
        assert email in out
        assert client.login(email=email, password="a password of the environment")
    admin, organiser, visitor = (User.objects.get(email=email) for email in LOGINS)
    assert (admin.is_staff, admin.is_superuser) == (True, True)
    assert (organiser.is_staff, visitor.is_staff, visitor.is_superuser) == (False, False, False)
    assert organiser.memberships.get().role == Role.OWNER


def test_without_a_password_a_random_one_is_printed(
    small_programme: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVENTLY_ADMIN_PASSWORD", raising=False)
    password = load().split()[-1]
    assert len(password) >= 12
    assert User.objects.get(email=ADMIN).check_password(password)


def test_buyers_and_team_cannot_log_in(small_programme: None) -> None:
    load()
    others = User.objects.exclude(email__in=LOGINS)
    assert others.count() > 1_000
    assert not any(user.has_usable_password() for user in others)


def test_texts_are_there_and_all_differ() -> None:
    events = [event for team in read_programme() for event in team.events]
    assert len({event.name for event in events}) == len({event.text for event in events}) == 60
    assert all(2 <= event.text.count(". ") + 1 <= 5 for event in events)
