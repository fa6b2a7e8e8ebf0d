"""Lists take as many queries for many rows as for few; `bench/admin.py` measures their speed."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.models import Event, Role
from tests.admin.world import (
    BOOKINGS,
    CHANGES,
    EVENTS,
    INDEX,
    MEMBERS,
    ORGANISERS,
    PEOPLE,
    World,
    entries,
    page,
    stored,
)
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user

# --- As many queries for many rows as for few -----------------------------------------------------

LISTS = {
    "events": (EVENTS, 16),
    "bookings": (BOOKINGS, 14),
    "changes": (CHANGES, 14),
    "organisers": (ORGANISERS, 12),
    "members": (MEMBERS, 12),
    "people": (PEOPLE, 10),
    # Six of these keep the sums of past days, for whoever comes first.
    "start page": (INDEX, 19),
}


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def add_rows(world: World, number: int) -> None:
    """As many events, each booked and changed, with as many teams and colleagues."""
    for count in range(number):
        event = make_event(world.organiser, name=f"Event {count}")
        make_booking(event)
        entry = entries(Event.objects.get(pk=event.pk), name=f"Event {count} again")
        world.at("owner").post(page(event), entry)
        organiser = make_organiser(world.people["owner"], name=f"Team {count}")
        add_member(organiser, make_user(f"Colleague {count}"), Role.DOOR)
        assert stored(event)["name"].endswith("again")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_takes_as_many_queries_for_many_rows(world: World, name: str) -> None:
    address, most = LISTS[name]
    client = world.at("staff" if name == "people" else "owner")
    add_rows(world, 3)
    few = queries_of(client, address)
    add_rows(world, 17)
    assert queries_of(client, address) == few <= most


@pytest.mark.parametrize("view", ["change", "history"])
def test_an_event_takes_as_many_queries_for_many_changes(world: World, view: str) -> None:
    client = world.at("owner")

    def change_it(times: int) -> None:
        for number in range(times):
            make_booking(world.event)
            world.event.refresh_from_db()
            client.post(page(world.event), entries(world.event, name=f"Name {number}"))

    change_it(3)
    client.get(page(world.event))  # shows the message of the last change
    few = queries_of(client, page(world.event, view))
    change_it(10)
    client.get(page(world.event))
    assert queries_of(client, page(world.event, view)) == few
