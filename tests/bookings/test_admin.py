"""Bookings in the admin, as owner, manager, viewer, stranger and staff see them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import Booking
from evently.accounts.models import User
from events.models import Event, Organiser, Role
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db
BOOKINGS = reverse("admin:bookings_booking_changelist")
EDITORS = ["owner", "manager", "staff"]


@dataclass(frozen=True)
class World:
    """A team whose event is booked, and another team's booked event beside it."""

    organiser: Organiser
    booking: Booking
    foreign: Booking
    people: dict[str, User]


@pytest.fixture
def world() -> World:
    people = {name: make_user(name) for name in ("owner", "manager", "viewer", "rival")}
    people["staff"] = make_user("staff", is_staff=True)
    organiser = make_organiser(people["owner"])
    add_member(organiser, people["manager"], Role.MANAGER)
    add_member(organiser, people["viewer"], Role.VIEWER)
    other = make_organiser(people["rival"])
    buyer = make_user("Berta", email="berta@buyers.example")
    return World(
        organiser=organiser,
        booking=make_booking(make_event(organiser, name="Ours"), buyer, quantity=3),
        foreign=make_booking(make_event(other, name="Theirs"), make_user("Carl"), quantity=2),
        people=people,
    )


def at(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def act(client: Client, action: str, *bookings: Booking, **more: str) -> str:
    chosen = [str(booking.pk) for booking in bookings]
    data = {"action": action, "_selected_action": chosen} | more
    response: Any = client.post(BOOKINGS, data)
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def text(response: Any) -> str:
    return str(response.content.decode())


def page(booking: Booking, view: str = "change") -> str:
    return reverse(f"admin:bookings_booking_{view}", args=[booking.pk])


def stored(booking: Booking) -> dict[str, Any]:
    return dict(Booking.objects.filter(pk=booking.pk).values().get())


def free_seats(booking: Booking) -> int:
    return Event.objects.get(pk=booking.event_id).available_seats


@pytest.mark.parametrize("name", ["owner", "manager", "viewer", "rival", "staff"])
def test_lists_hold_the_bookings_of_the_own_teams_events(world: World, name: str) -> None:
    content = text(at(world, name).get(BOOKINGS))
    assert (world.booking.reference in content) == (name != "rival")
    assert (world.foreign.reference in content) == (name in {"rival", "staff"})


def test_a_members_own_bookings_elsewhere_are_not_the_teams(world: World) -> None:
    own = make_booking(world.foreign.event, world.people["owner"])
    assert own.reference not in text(at(world, "owner").get(BOOKINGS))
    assert at(world, "owner").get(page(own)).status_code == 403


def test_a_stranger_is_sent_to_the_log_in(world: World) -> None:
    response = Client().get(BOOKINGS, follow=True)
    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", ["owner", "manager", "viewer"])
def test_another_teams_booking_is_forbidden(world: World, name: str) -> None:
    client = at(world, name)
    for view in ("change", "history", "delete"):
        assert client.get(page(world.foreign, view)).status_code == 403


@pytest.mark.parametrize("wanted", ["Berta", "berta@buyers", "Ours"])
def test_bookings_are_found_by_name_address_and_event(world: World, wanted: str) -> None:
    content = text(at(world, "staff").get(BOOKINGS, {"q": wanted}))
    assert world.booking.reference in content
    assert world.foreign.reference not in content


def test_bookings_are_found_by_reference(world: World) -> None:
    wanted = world.booking.reference.lower()
    content = text(at(world, "staff").get(BOOKINGS, {"q": wanted}))
    assert world.booking.reference in content
    assert world.foreign.reference not in content


@pytest.mark.parametrize("name", EDITORS)
def test_a_booking_is_shown_and_not_typed_over(world: World, name: str) -> None:
    before = stored(world.booking)
    client = at(world, name)
    content = text(client.get(page(world.booking)))
    assert "60.00 EUR" in content
    assert 'name="_save"' not in content
    assert client.post(page(world.booking), {"quantity": 9}).status_code == 403
    assert client.post(page(world.booking, "delete"), {"post": "yes"}).status_code == 403
    assert client.get(reverse("admin:bookings_booking_add")).status_code == 403
    assert stored(world.booking) == before


@pytest.mark.parametrize("name", EDITORS)
def test_editors_cancel_a_booking_after_a_question(world: World, name: str) -> None:
    client = at(world, name)
    act(client, "cancel", world.booking)
    assert stored(world.booking)["status"] == "confirmed"
    assert "Cancelled: 1." in act(client, "cancel", world.booking, confirmed="yes")
    assert (stored(world.booking)["status"], stored(world.booking)["refund"]) == (
        "cancelled",
        "due",
    )
    assert free_seats(world.booking) == 100
    assert LogEntry.objects.get().user == world.people[name]


def test_a_booking_is_cancelled_once(world: World) -> None:
    client = at(world, "owner")
    act(client, "cancel", world.booking, confirmed="yes")
    assert "cancelled before" in act(client, "cancel", world.booking, confirmed="yes")
    assert free_seats(world.booking) == 100


@pytest.mark.parametrize("action", ["cancel", "refunded"])
def test_a_viewer_acts_on_nothing(world: World, action: str) -> None:
    client = at(world, "viewer")
    assert f'value="{action}"' not in text(client.get(BOOKINGS))
    before = stored(world.booking)
    act(client, action, world.booking, confirmed="yes")
    assert stored(world.booking) == before


@pytest.mark.parametrize("name", ["owner", "manager"])
@pytest.mark.parametrize("role", [None, Role.VIEWER])
def test_actions_stay_where_a_person_is_an_editor(
    world: World, name: str, role: Role | None
) -> None:
    """Choosing rows of a team in which the person only looks on, or of a strange one."""
    if role:
        add_member(world.foreign.event.organiser, world.people[name], role)
    client = at(world, name)
    before = stored(world.foreign)
    act(client, "cancel", world.foreign, confirmed="yes")
    assert stored(world.foreign) == before
    assert free_seats(world.foreign) == 98
    act(at(world, "rival"), "cancel", world.foreign, confirmed="yes")
    act(client, "refunded", world.foreign)
    assert stored(world.foreign)["refund"] == "due"


@pytest.mark.parametrize("name", EDITORS)
def test_editors_note_a_paid_refund(world: World, name: str) -> None:
    client = at(world, name)
    kept = make_booking(world.booking.event)
    act(client, "cancel", world.booking, confirmed="yes")
    assert "Refund noted: 1 of 2." in act(client, "refunded", world.booking, kept)
    assert stored(world.booking)["refund"] == "done"
    assert stored(kept)["refund"] == "none"
    assert "Refund noted: 0 of 1." in act(client, "refunded", world.booking)


def test_a_list_takes_as_many_queries_for_many_bookings(world: World) -> None:
    client = at(world, "owner")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(BOOKINGS).status_code == 200
        return len(captured)

    few = queries()
    for _number in range(20):
        make_booking(make_event(world.organiser))
    assert queries() == few <= 12


def test_a_booking_of_a_past_event_stays(world: World) -> None:
    over = datetime.now(UTC) - timedelta(hours=1)
    Event.objects.filter(pk=world.booking.event_id).update(
        starts_at=over - timedelta(hours=2), ends_at=over
    )
    before = stored(world.booking)
    assert "over" in act(at(world, "owner"), "cancel", world.booking, confirmed="yes")
    assert stored(world.booking) == before
