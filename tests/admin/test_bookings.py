"""Bookings in the admin, as each role sees them; what is done with them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from bookings.models import Booking
from events.models import Event, Role
from tests.admin.world import (
    BOOKINGS,
    MARKERS,
    TEAM,
    World,
    act,
    history_of,
    page,
    stored,
    text,
    told,
)
from tests.makers import add_member, make_booking, make_event, make_user, mark_paid

BERTA = "berta@buyers.example"
CANCELLERS = ("owner", "manager", "staff")
CASHIERS = ("owner", "manager", "finance", "staff")


def free_seats(booking: Booking) -> int:
    return Event.objects.get(pk=booking.event_id).available_seats


@pytest.mark.parametrize(
    ("name", "sees_event", "sees_aside", "sees_foreign"),
    [
        *((name, True, True, False) for name in TEAM),
        ("one_event", False, True, False),
        ("stranger", False, False, False),
        ("rival", False, False, True),
        ("staff", True, True, True),
    ],
)
def test_lists_hold_the_bookings_of_the_events_that_a_person_works_for(
    world: World, name: str, sees_event: bool, sees_aside: bool, sees_foreign: bool
) -> None:
    content = text(world.at(name).get(BOOKINGS))
    assert (world.booking.reference in content) == sees_event
    assert (world.aside_booking.reference in content) == sees_aside
    assert (MARKERS["reference"] in content) == sees_foreign


def test_a_members_own_bookings_elsewhere_are_not_the_teams(world: World) -> None:
    own = make_booking(world.foreign.event, world.people["owner"])
    assert own.reference not in text(world.at("owner").get(BOOKINGS))
    assert world.at("owner").get(page(own)).status_code == 403


# --- Finding --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["Berta", "bert", "berta@buyers", BERTA, "buyers.example", "berta example"]
)
def test_bookings_are_found_by_name_and_address(world: World, words: str) -> None:
    content = text(world.at("owner").get(BOOKINGS, {"q": words}))
    assert world.booking.reference in content
    assert world.aside_booking.reference not in content


@pytest.mark.parametrize("length", [4, 10])
def test_bookings_are_found_by_the_beginning_of_a_reference(world: World, length: int) -> None:
    words = f" {world.booking.reference[:length].lower()} "
    content = text(world.at("staff").get(BOOKINGS, {"q": words}))
    assert world.booking.reference in content


@pytest.mark.parametrize("words", ["&|!", "'", ":*", "a:*b", "%", "_", "🎷", "\\", "(" * 50])
def test_any_search_is_answered(world: World, words: str) -> None:
    assert world.at("owner").get(BOOKINGS, {"q": words}).status_code == 200


def test_bookings_are_filtered_by_event_state_and_refund(world: World) -> None:
    client = world.at("owner")
    mark_paid(world.booking)
    act(client, BOOKINGS, "cancel", world.booking, confirmed="yes")
    for query in (
        {"event__id__exact": str(world.event.pk), "status__exact": "cancelled"},
        {"status__exact": "cancelled"},
        {"refund__exact": "due"},
    ):
        content = text(client.get(BOOKINGS, query))
        assert world.booking.reference in content, query
        assert world.aside_booking.reference not in content, query


@pytest.mark.parametrize(
    "query",
    [
        {"event__id__exact": "none"},
        {"event__id__exact": "\x00"},
        {"status__exact": "\x00"},
        {"status__exact": "lost"},
        {"created_at_from": "soon"},
        {"o": "99.x"},
        {"p": "x"},
    ],
)
def test_a_filter_that_makes_no_sense_is_no_crash(world: World, query: dict[str, str]) -> None:
    client = world.at("owner")
    assert client.get(BOOKINGS, query, follow=True).status_code < 500
    export = reverse("admin:bookings_booking_export", args=["csv"])
    assert client.get(export, query, follow=True).status_code < 500


# --- What a role sees -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*TEAM, "staff"])
def test_a_booking_shows_what_the_role_may_see(world: World, name: str) -> None:
    client = world.at(name)
    for content in (text(client.get(page(world.booking))), text(client.get(BOOKINGS))):
        assert "Berta" in content
        assert world.booking.reference in content
        assert (BERTA in content) == (name != "door")
        assert ("€60.00" in content) == (name != "door")


@pytest.mark.parametrize("name", ["owner", "finance", "viewer"])
def test_a_booking_is_shown_and_not_typed_over(world: World, name: str) -> None:
    before = stored(world.booking)
    client = world.at(name)
    assert 'name="_save"' not in text(client.get(page(world.booking)))
    assert client.post(page(world.booking), {"quantity": 9}).status_code == 403
    assert client.post(page(world.booking, "delete"), {"post": "yes"}).status_code == 403
    assert client.get(reverse("admin:bookings_booking_add")).status_code == 403
    assert stored(world.booking) == before


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"q": "buyers.example"}, 200),
        ({"q": BERTA}, 200),
        ({"unit_price__gte": "19"}, 400),
        ({"unit_price": "20"}, 400),
        ({"refund__exact": "due"}, 400),
        ({"user__email__startswith": "berta"}, 400),
    ],
)
def test_who_stands_at_the_door_cannot_ask_for_what_they_may_not_see(
    world: World, query: dict[str, str], status: int
) -> None:
    """Neither the answer nor its absence tells of an address or of money."""
    act(world.at("owner"), BOOKINGS, "cancel", world.booking, confirmed="yes")
    response = world.at("door").get(BOOKINGS, query)
    assert response.status_code == status
    assert world.booking.reference not in text(response)


def test_who_stands_at_the_door_finds_people_by_name(world: World) -> None:
    content = text(world.at("door").get(BOOKINGS, {"q": "bert"}))
    assert world.booking.reference in content
    assert BERTA not in content


def test_who_is_at_the_door_anywhere_sees_a_list_without_addresses(world: World) -> None:
    add_member(world.foreign.organiser, world.people["owner"], Role.DOOR)
    client = world.at("owner")
    content = text(client.get(BOOKINGS))
    assert MARKERS["buyer"] in content
    assert MARKERS["buyer's address"] not in content
    assert MARKERS["buyer's address"] not in text(client.get(page(world.foreign.booking)))
    assert BERTA in text(client.get(page(world.booking)))


# --- What is done ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CANCELLERS)
def test_a_booking_is_cancelled_after_a_question(world: World, name: str) -> None:
    client = world.at(name)
    mark_paid(world.booking)
    asked = text(act(client, BOOKINGS, "cancel", world.booking))
    assert "for good?" in asked
    assert world.booking.reference in asked
    assert stored(world.booking)["status"] == "confirmed"
    assert "Cancelled: 1." in told(act(client, BOOKINGS, "cancel", world.booking, confirmed="yes"))
    after = stored(world.booking)
    assert (after["status"], after["refund"]) == ("cancelled", "due")
    assert free_seats(world.booking) == 99
    by = world.people[name]
    assert set(history_of(world.booking)) == {
        ("status", "confirmed", "cancelled", by),
        ("refund", "none", "due", by),
    }


def test_a_booking_is_cancelled_once(world: World) -> None:
    client = world.at("owner")
    act(client, BOOKINGS, "cancel", world.booking, confirmed="yes")
    again = act(client, BOOKINGS, "cancel", world.booking, confirmed="yes")
    assert "cancelled before" in told(again)
    assert free_seats(world.booking) == 99


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("finance", "cancel"),
        ("door", "cancel"),
        ("viewer", "cancel"),
        *[(name, action) for name in ("door", "viewer") for action in ("paid", "refunded")],
    ],
)
def test_an_action_is_for_the_roles_that_have_it(world: World, name: str, action: str) -> None:
    act(world.at("owner"), BOOKINGS, "cancel", world.aside_booking, confirmed="yes")
    client = world.at(name)
    assert f'value="{action}"' not in text(client.get(BOOKINGS))
    before = [stored(world.booking), stored(world.aside_booking)]
    for booking in (world.booking, world.aside_booking):
        act(client, BOOKINGS, action, booking, confirmed="yes")
    assert [stored(world.booking), stored(world.aside_booking)] == before


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.DOOR])
def test_actions_stay_where_a_person_may_act(world: World, role: Role | None) -> None:
    """Choosing rows of a team in which the person only looks on, or of a strange one."""
    foreign = world.foreign.booking
    if role:
        add_member(world.foreign.organiser, world.people["manager"], role)
    client = world.at("manager")
    before, seats = stored(foreign), free_seats(foreign)
    act(client, BOOKINGS, "cancel", foreign, confirmed="yes")
    assert (stored(foreign), free_seats(foreign)) == (before, seats)
    act(client, BOOKINGS, "paid", foreign)
    assert stored(foreign)["amount_received"] is None
    mark_paid(foreign)
    act(world.at("rival"), BOOKINGS, "cancel", foreign, confirmed="yes")
    act(client, BOOKINGS, "refunded", foreign)
    assert stored(foreign)["refund"] == "due"


def test_who_works_for_one_event_acts_on_its_bookings_alone(world: World) -> None:
    client, before = world.at("one_event"), stored(world.booking)
    act(client, BOOKINGS, "cancel", world.booking, confirmed="yes", select_across="1")
    assert stored(world.booking) == before
    act(client, BOOKINGS, "cancel", world.aside_booking, confirmed="yes")
    assert stored(world.aside_booking)["status"] == "cancelled"


@pytest.mark.parametrize("name", CASHIERS)
def test_a_paid_refund_is_noted_once(world: World, name: str) -> None:
    client, kept = world.at(name), make_booking(world.event)
    paid = act(client, BOOKINGS, "paid", world.booking)
    assert "Payment noted: 1." in told(paid)
    act(world.at("owner"), BOOKINGS, "cancel", world.booking, confirmed="yes")
    noted = act(client, BOOKINGS, "refunded", world.booking, kept)
    assert "Refund noted: 1 of 2." in told(noted)
    assert stored(world.booking)["refund"] == "done"
    assert stored(kept)["refund"] == "none"
    again = act(client, BOOKINGS, "refunded", world.booking)
    assert "Refund noted: 0 of 1." in told(again)
    assert history_of(world.booking)[-1] == ("refund", "due", "done", world.people[name])


@pytest.mark.parametrize("name", CASHIERS)
def test_a_payment_is_noted_on_the_bookings_own_page(world: World, name: str) -> None:
    client, address = world.at(name), page(world.booking, "payment")
    assert address in text(client.get(page(world.booking)))
    assert "The total is €60.00." in text(client.get(address))
    refused = client.post(address, {"amount": "60.01"})
    assert "Give an amount from 0 to the total of the booking." in text(refused)
    client.post(address, {"amount": "20.00"})
    assert stored(world.booking)["amount_received"] == Decimal(20)
    shown = text(client.get(page(world.booking)))
    assert "€20.00" in shown
    assert f"Payment noted by {world.people[name]}" in shown


@pytest.mark.parametrize("name", ["door", "viewer"])
def test_a_payment_is_noted_by_those_who_handle_money(world: World, name: str) -> None:
    client, address = world.at(name), page(world.booking, "payment")
    assert address not in text(client.get(page(world.booking)))
    assert client.post(address, {"amount": "20.00"}).status_code == 403
    assert stored(world.booking)["amount_received"] is None


def test_a_booking_of_a_past_event_stays(world: World) -> None:
    over = datetime.now(UTC) - timedelta(hours=1)
    Event.objects.filter(pk=world.event.pk).update(
        starts_at=over - timedelta(hours=2), ends_at=over
    )
    before = stored(world.booking)
    answer: Any = act(world.at("owner"), BOOKINGS, "cancel", world.booking, confirmed="yes")
    assert "over" in told(answer)
    assert stored(world.booking) == before


def test_a_script_in_a_buyers_name_stays_text(world: World) -> None:
    script = "<script>alert(1)</script>"
    booking = make_booking(make_event(world.organiser), make_user(script, email="s@x.example"))
    client = world.at("owner")
    for content in (text(client.get(BOOKINGS)), text(client.get(page(booking)))):
        assert script not in content
        assert "&lt;script&gt;alert(1)" in content
