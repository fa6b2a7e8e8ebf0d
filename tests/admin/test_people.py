"""People in the admin: for Evently's staff alone."""

import pytest
from django.test import Client
from django.urls import reverse

from evently.accounts.models import User
from tests.admin.world import INDEX, PEOPLE, World, page, text
from tests.makers import make_user


@pytest.mark.parametrize("name", ["owner", "manager", "finance", "door", "viewer"])
def test_members_see_no_list_of_people(world: World, name: str) -> None:
    client = world.at(name)
    for address in (PEOPLE, page(world.people["buyer"]), page(world.people[name])):
        assert client.get(address).status_code == 403
    assert PEOPLE not in text(client.get(INDEX))
    assert PEOPLE in text(world.at("staff").get(INDEX))


@pytest.mark.parametrize("words", ["berta", "Berta", "buyers.exam", "berta buyers", "BERTA@buy"])
def test_people_are_found_by_beginnings_of_words(world: World, words: str) -> None:
    content = text(world.at("staff").get(PEOPLE, {"q": words}))
    assert "berta@buyers.example" in content
    assert world.people["rival"].email not in content


@pytest.mark.parametrize("words", ["", "&|!", "'", "a:*", "%", "🎷", "\\"])
def test_any_search_is_answered(world: World, words: str) -> None:
    assert world.at("staff").get(PEOPLE, {"q": words}).status_code == 200


def test_staff_look_after_people_but_hand_out_no_rights(world: World) -> None:
    buyer = world.people["buyer"]
    form = {"email": "New@Example.com", "name": "New", "is_active": "on"}
    form |= {"is_staff": "on", "is_superuser": "on"}
    assert world.at("staff").post(page(buyer), form).status_code == 302
    buyer.refresh_from_db()
    assert (buyer.email, buyer.name) == ("new@example.com", "New")
    assert (buyer.is_staff, buyer.is_superuser) == (False, False)
    assert not buyer.is_verified  # nobody has shown yet whose the new address is


def test_the_same_address_in_other_letters_stays_verified(world: World) -> None:
    buyer = world.people["buyer"]
    form = {"email": buyer.email.upper(), "name": "New", "is_active": "on"}
    world.at("staff").post(page(buyer), form)
    buyer.refresh_from_db()
    assert (buyer.name, buyer.is_verified) == ("New", True)


def test_nobody_is_given_the_address_of_another_account(world: World) -> None:
    buyer = world.people["buyer"]
    form = {"email": "Berta@buyers.example", "name": "New", "is_active": "on"}
    assert world.at("staff").post(page(buyer), form).status_code == 200
    buyer.refresh_from_db()
    assert buyer.name != "New"


def test_staff_do_not_touch_staff(world: World) -> None:
    boss = make_user("Boss", is_staff=True, is_superuser=True)
    client = world.at("staff")
    for user in (boss, world.people["staff"]):
        password = reverse("admin:auth_user_password_change", args=[user.pk])
        assert client.post(page(user), {"email": "mine@example.com"}).status_code == 403
        assert client.get(password).status_code == 403
        assert client.post(page(user, "delete"), {"post": "yes"}).status_code == 403
    assert not User.objects.filter(email="mine@example.com").exists()


def test_a_superuser_hands_out_rights(world: World) -> None:
    people = world.people
    people["boss"] = make_user("Boss", is_staff=True, is_superuser=True)
    form = {"email": people["buyer"].email, "name": "Vi", "is_active": "on", "is_staff": "on"}
    world.at("boss").post(page(people["buyer"]), form)
    people["buyer"].refresh_from_db()
    assert people["buyer"].is_staff


def test_an_address_that_nobody_verified_gets_no_rights(world: World) -> None:
    boss = make_user("Boss", is_staff=True, is_superuser=True)
    claim = make_user("Mallory", verified=False)
    client = Client()
    client.force_login(boss)
    form = {"email": claim.email, "name": "Vi", "is_active": "on", "is_staff": "on"}
    assert "confirms the address first" in text(client.post(page(claim), form))
    claim.refresh_from_db()
    assert not claim.is_staff


def test_staff_add_a_person(world: World) -> None:
    form = {"email": "Made@Example.com", "name": "Made", "usable_password": "false"}
    response = world.at("staff").post(reverse("admin:accounts_user_add"), form)
    assert response.status_code == 302
    assert not User.objects.get(email="made@example.com").has_usable_password()


@pytest.mark.parametrize("address", ["berta@buyers.example", "BERTA@buyers.example"])
def test_one_address_is_one_account(world: World, address: str) -> None:
    form = {"email": address, "name": "Twin", "usable_password": "false"}
    response = world.at("staff").post(reverse("admin:accounts_user_add"), form)
    assert response.status_code == 200
    assert not User.objects.filter(name="Twin").exists()


def test_audits_are_for_staff_and_never_written(world: World) -> None:
    audits = reverse("admin:events_inventoryaudit_changelist")
    assert world.at("staff").get(audits).status_code == 200
    assert world.at("staff").get(reverse("admin:events_inventoryaudit_add")).status_code == 403
    assert world.at("owner").get(audits).status_code == 403
