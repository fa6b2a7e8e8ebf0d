"""The start page: what sells, what does not, and what needs a decision."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bookings.models import Booking
from bookings.services import cancel_booking
from events.models import Event, Role
from tests.admin.world import ADD_EVENT, BOOKINGS, INDEX, MARKERS, TEAM, World, page, text
from tests.makers import add_member, make_booking, make_event, mark_paid

DAY = timedelta(days=1)


def cancel(booking: Booking) -> None:
    cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))


@pytest.mark.parametrize("name", ["owner", "manager", "finance", "viewer"])
def test_the_day_is_told_in_numbers(world: World, name: str) -> None:
    shown = world.at(name).get(INDEX).context
    # Of the event one seat and Berta's three, of `aside` two.
    assert (shown["today"].bookings, shown["today"].seats) == (3, 6)
    assert shown["today"].revenue == {"EUR": Decimal(120)}
    assert shown["month_seats"] == 6
    assert "€120.00" in text(world.at(name).get(INDEX))


def test_the_door_is_shown_no_money(world: World) -> None:
    mark_paid(world.booking)
    cancel(world.booking)
    content = text(world.at("door").get(INDEX))
    assert "€" not in content
    assert "Value of bookings" not in content
    assert "refund" not in content.lower()


@pytest.mark.parametrize("name", [*TEAM, "one_event", "stranger"])
def test_only_the_own_events_count(world: World, name: str) -> None:
    response = world.at(name).get(INDEX)
    content = text(response)
    assert not any(marker in content for marker in MARKERS.values())
    assert ("Late Jazz" in content) == (name in TEAM)
    expected = {"one_event": 2, "stranger": 0}.get(name, 6)
    assert response.context["month_seats"] == expected


def test_revenue_counts_where_a_person_may_see_money(world: World) -> None:
    """A viewer of one team who stands at the door of another learns nothing of its money."""
    add_member(world.foreign.organiser, world.people["viewer"], Role.DOOR)
    booking = make_booking(world.foreign.event)
    mark_paid(booking)
    cancel(booking)
    response = world.at("viewer").get(INDEX)
    assert response.context["today"].seats == 7
    assert response.context["today"].revenue == {"EUR": Decimal(120)}
    assert "refund" not in text(response).lower()


def test_days_begin_on_the_clocks_of_the_teams_events(world: World) -> None:
    response = world.at("owner").get(INDEX)
    assert response.context["zone"] == "Europe/Berlin"
    assert "Today, Berlin time" in text(response)


def test_the_chart_has_thirty_days_and_empty_ones_too(world: World) -> None:
    Booking.objects.filter(pk=world.booking.pk).update(created_at=datetime.now(UTC) - 3 * DAY)
    Booking.objects.filter(pk=world.aside_booking.pk).update(
        created_at=datetime.now(UTC) - 40 * DAY
    )
    response = world.at("owner").get(INDEX)
    days = response.context["days"]
    assert [day.seats for day in days][-4:] == [3, 0, 0, 1]
    assert len(days) == 30
    assert response.context["month_seats"] == 4
    tallest = max(response.context["bars"], key=lambda bar: bar.height)
    assert (tallest.day.seats, tallest.height) == (3, 140)
    assert text(response).count("<rect") == 30


def test_a_cancelled_booking_is_no_sale(world: World) -> None:
    cancel(world.booking)
    assert world.at("owner").get(INDEX).context["today"].seats == 3


def test_what_was_sold_in_several_currencies_is_not_added_up(world: World) -> None:
    make_booking(make_event(world.organiser, currency="JPY", price=Decimal(1000)))
    assert "€120.00 + ¥1,000" in text(world.at("owner").get(INDEX))


# --- Decisions ------------------------------------------------------------------------------------


def test_what_needs_a_decision_leads_to_where_it_is_made(world: World) -> None:
    mark_paid(world.booking)
    cancel(world.booking)
    soon = make_event(
        world.organiser, name="Soon", starts_at=datetime.now(UTC) + 5 * DAY, status="draft"
    )
    sold_out = make_event(world.organiser, name="Full", capacity=1)
    make_booking(sold_out)
    content = text(world.at("owner").get(INDEX))
    assert "1 refund is to be paid: €60.00." in content
    assert f'href="{BOOKINGS}?refund__exact=due"' in content
    assert "“Soon” is still a draft." in content
    assert "“Full” is sold out." in content
    assert f'href="{page(soon)}"' in content
    # The draft of the world is a month off.
    assert "“Secret Plan”" not in content
    assert "“Zephyr" not in content


@pytest.mark.parametrize(
    ("name", "refund", "draft"),
    [
        ("owner", True, True),
        ("manager", True, True),
        ("finance", True, False),
        ("viewer", False, False),
        ("door", False, False),
    ],
)
def test_a_decision_waits_for_those_who_can_make_it(
    world: World, name: str, refund: bool, draft: bool
) -> None:
    mark_paid(world.booking)
    cancel(world.booking)
    Event.objects.filter(pk=world.draft.pk).update(starts_at=datetime.now(UTC) + 5 * DAY)
    content = text(world.at(name).get(INDEX))
    assert ("refund is to be paid" in content) == refund
    assert ("“Secret Plan” is still a draft." in content) == draft


@pytest.mark.parametrize("name", [*TEAM, "one_event", "staff"])
def test_adding_an_event_is_offered_to_those_who_can(world: World, name: str) -> None:
    client = world.at(name)
    offered = ADD_EVENT in text(client.get(INDEX))
    assert offered == (name in {"owner", "manager", "staff"})
    assert offered == (client.get(ADD_EVENT).status_code == 200)


def test_a_new_team_without_anything_has_a_start_page(world: World) -> None:
    response = world.at("stranger").get(INDEX)
    assert "Nothing is on sale." in text(response)
    assert response.context["today"].revenue == {}
