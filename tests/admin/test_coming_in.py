"""Who comes into the admin, and through which door."""

import pytest
from django.test import Client
from django.urls import reverse

from evently.accounts.models import User
from events.models import Membership
from tests.admin.world import EVENTS, INDEX, TEAM, World, text
from tests.makers import PASSWORD

LOGIN = reverse("account_login")


@pytest.mark.parametrize("name", [*TEAM, "one_event", "staff"])
def test_members_and_staff_come_in(world: World, name: str) -> None:
    assert world.at(name).get(INDEX).status_code == 200


def test_who_is_in_no_team_is_led_to_the_page_that_founds_one(world: World) -> None:
    for address in (EVENTS, INDEX):
        response = world.at("buyer").get(address, follow=True)
        assert response.redirect_chain[-1][0] == "/sell/"
        assert "Name of your team" in text(response)


def test_a_stranger_logs_in_where_everybody_does(world: World) -> None:
    client = Client()
    response = client.get(EVENTS, follow=True)
    assert response.redirect_chain[-1][0].startswith(LOGIN)
    assert client.get(reverse("admin:login")).headers["Location"].startswith(LOGIN)
    credentials = {"login": world.people["owner"].email, "password": PASSWORD}
    response = client.post(response.redirect_chain[-1][0], credentials)
    assert response.headers["Location"] == EVENTS


def test_the_admin_has_no_log_in_of_its_own_to_guess_at(world: World) -> None:
    client = Client()
    credentials = {"username": world.people["staff"].email, "password": PASSWORD}
    response = client.post(reverse("admin:login"), credentials)
    assert response.headers["Location"].startswith(LOGIN)
    assert "_auth_user_id" not in client.session


def test_who_is_in_already_passes_the_log_in(world: World) -> None:
    assert world.at("door").get(reverse("admin:login")).headers["Location"] == INDEX


def test_who_left_every_team_is_out(world: World) -> None:
    client = world.at("viewer")
    assert client.get(EVENTS).status_code == 200
    Membership.objects.filter(user=world.people["viewer"]).delete()
    assert client.get(EVENTS, follow=True).redirect_chain[-1][0] == "/sell/"


def test_an_owner_whose_address_is_not_verified_is_asked_to_do_that_first(world: World) -> None:
    client = world.at("owner")
    User.objects.filter(pk=world.people["owner"].pk).update(email_verified_at=None)
    response = client.get(EVENTS, follow=True)
    assert response.redirect_chain[-1][0] == "/sell/"
    assert "First confirm your address" in text(response)
    assert "Send the mail again" in text(response)


def test_a_locked_account_is_out(world: World) -> None:
    client = world.at("staff")
    world.people["staff"].is_active = False
    world.people["staff"].save()
    assert client.get(EVENTS, follow=True).redirect_chain[-1][0].startswith(LOGIN)


def test_only_the_admin_relaxes_the_content_security_policy(world: World) -> None:
    client = world.at("owner")
    policy = client.get(INDEX).headers["Content-Security-Policy"]
    assert "'unsafe-eval'" in policy
    assert "script-src 'self' 'unsafe-eval';" in f"{policy};"
    assert "unsafe" not in client.get("/").headers["Content-Security-Policy"]
    login = Client().get(EVENTS, follow=True)
    assert "unsafe" not in login.headers["Content-Security-Policy"]
