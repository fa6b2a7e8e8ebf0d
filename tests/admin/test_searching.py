"""The admin finds by the same words as the site, whatever their spelling."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse

from evently.accounts.models import User
from events.models import Event, Organiser, Role
from events.services import rename_organiser
from tests.admin.world import BOOKINGS, EVENTS, MEMBERS, ORGANISERS, PEOPLE, World, text
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user
from tests.search.test_search import FOUND

pytestmark = pytest.mark.django_db

DELIVERIES = reverse("admin:notifications_delivery_changelist")


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_user("Staff", is_staff=True))
    return client


def found(client: Client, address: str, asked: str) -> list[str]:
    return [str(row) for row in client.get(address, {"q": asked}).context["cl"].result_list]


@pytest.mark.parametrize(("asked", "name"), FOUND)
def test_events_and_organisers_are_found_as_on_the_site(
    staff: Client, asked: str, name: str
) -> None:
    event = make_event(name=name)
    make_event(make_organiser(name="Others"), name="Something else", venue="Elsewhere")
    assert found(staff, EVENTS, asked) == [str(event)]
    if "://" not in name and "@" not in name:
        organiser = Organiser.objects.create(name=name)
        assert found(staff, ORGANISERS, asked) == [str(Organiser.objects.get(pk=organiser.pk))]


def test_an_umlaut_is_no_e(staff: Client) -> None:
    make_event(name="Mueller")
    event = make_event(name="Muller")
    assert found(staff, EVENTS, "Müller") == [str(event)]


def test_events_are_found_by_words_of_event_and_organiser_together(staff: Client) -> None:
    event = make_event(make_organiser(name="Café Łódź"), name="Straßenfest", venue="Hof")
    make_event(make_organiser(name="Café Krakau"), name="Straßenfest", venue="Hof")
    assert found(staff, EVENTS, "strassenfest cafe lodz") == [str(event)]
    assert found(staff, EVENTS, "strassenfest lodz krakau") == []
    assert found(staff, EVENTS, "!!!") == []


def test_events_are_found_by_the_new_name_of_their_organiser(staff: Client) -> None:
    owner = make_user("Olga")
    event = make_event(make_organiser(owner, name="Old Café"))
    rename_organiser(organiser_id=event.organiser_id, name="Neue Bühne", by=owner)
    assert found(staff, EVENTS, "buhne") == [str(event)]
    assert found(staff, EVENTS, "old cafe") == []


@pytest.mark.parametrize("asked", ["zoe", "Zoë", "ZOË", "oconnor", "o'connor", "strasse", "z.oc"])
def test_people_and_what_is_theirs_are_found_in_any_spelling(staff: Client, asked: str) -> None:
    zoe = make_user("Zoë O’Connor Straße", email="z.oconnor@straße.example")
    make_user("Somebody Else")
    event = make_event()
    booking = make_booking(event, zoe)
    make_booking(event)
    member = add_member(event.organiser, zoe, Role.VIEWER)
    assert found(staff, PEOPLE, asked) == [str(zoe)]
    assert found(staff, BOOKINGS, asked) == [str(booking)]
    assert found(staff, MEMBERS, asked) == [str(member)]
    told = staff.get(DELIVERIES, {"q": asked}).context["cl"].result_list
    assert {row.notice.user for row in told} <= {zoe}


def test_people_are_found_by_a_new_name_and_not_by_what_was_erased(staff: Client) -> None:
    zoe = make_user("Zoë", email="zoe@example.com")
    zoe.name = "Mañana"
    zoe.save(update_fields=["name"])
    assert found(staff, PEOPLE, "manana") == ["Mañana"]
    User.objects.get(pk=zoe.pk).save(update_fields=["language"])
    assert found(staff, PEOPLE, "manana zoe") == ["Mañana"]
    zoe.name, zoe.email = "", "erased@erased.invalid"
    zoe.save()
    assert found(staff, PEOPLE, "manana") == found(staff, PEOPLE, "zoe") == []


def test_those_who_see_no_addresses_find_by_names_alone(world: World) -> None:
    buyer = world.booking.user
    buyer.name = "Bërta"
    buyer.save()
    assert "Bërta" in text(world.at("door").get(BOOKINGS, {"q": "berta"}))
    assert "Bërta" not in text(world.at("door").get(BOOKINGS, {"q": "buyers"}))
    assert "Bërta" in text(world.at("owner").get(BOOKINGS, {"q": "buyers"}))


def test_the_migrations_find_who_was_stored_before(staff: Client) -> None:
    zoe = make_user("Zoë")
    event = make_event(make_organiser(name="Bühne"))
    User.objects.update(words=None)
    Organiser.objects.update(words=None)
    assert found(staff, PEOPLE, "zoe") == found(staff, ORGANISERS, "buhne") == []

    class Editor:
        def __init__(self) -> None:
            self.connection = connection

    for name in (
        "evently.accounts.migrations.0009_person_words",
        "events.migrations.0009_organiser_words",
    ):
        migration: Any = import_module(name)
        migration.make_words(apps, Editor())
    assert found(staff, PEOPLE, "zoe") == [str(zoe)]
    assert found(staff, ORGANISERS, "buhne") == ["Bühne"]
    assert found(staff, EVENTS, "buhne") == [str(Event.objects.get(pk=event.pk))]
