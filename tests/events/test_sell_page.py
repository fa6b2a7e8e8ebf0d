"""From an account to a team: the page "Sell tickets", and the ways to it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evently.accounts.models import User
from events.models import Organiser
from tests.makers import make_organiser, make_user

pytestmark = pytest.mark.django_db
PAGE = "/sell/"


def at_home(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_every_page_leads_there(client: Client) -> None:
    link = f'<a href="{PAGE}">Sell tickets</a>'
    assert text(client.get("/")).count(link) == 2  # header and footer
    assert text(at_home(make_user()).get("/bookings/")).count(link) == 2
    assert link in text(client.get("/nowhere/"))


def test_who_has_a_team_finds_the_admin_in_the_header() -> None:
    owner = make_user()
    make_organiser(owner, name="Blue Note")
    page = text(at_home(owner).get(PAGE))
    header, _, rest = page.partition("</header>")
    assert PAGE not in header
    assert reverse("admin:index") in header
    assert "Blue Note" in rest


def test_a_stranger_logs_in_first_and_comes_back(client: Client) -> None:
    assert client.get(PAGE).headers["Location"] == f"/accounts/login/?next={PAGE}"


def test_whoever_is_verified_founds_a_team_and_goes_on_to_its_first_event() -> None:
    founder = make_user()
    client = at_home(founder)
    answer = client.post(PAGE, {"name": "Blue Note"})
    assert answer.headers["Location"] == reverse("admin:events_event_add")
    assert client.get(answer.headers["Location"]).status_code == 200
    member = Organiser.objects.get(name="Blue Note").memberships.get()
    assert (member.user, member.role) == (founder, "owner")


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x00b", "Win at http://win.example"])
def test_a_name_that_cannot_be_is_refused_in_the_form(name: str) -> None:
    answer = at_home(make_user()).post(PAGE, {"name": name})
    assert answer.status_code == 400
    assert 'class="field-error"' in text(answer)
    assert not Organiser.objects.exists()


def test_whoever_is_not_verified_is_told_what_to_do_and_founds_nothing() -> None:
    user = make_user(email="ada@example.com", verified=False)
    client = at_home(user)
    for answer in (client.get(PAGE), client.post(PAGE, {"name": "Blue Note"})):
        assert "We have mailed a link to <strong><bdi>ada@example.com" in text(answer)
        assert "Send the mail again" in text(answer)
    assert not Organiser.objects.exists()


@pytest.mark.parametrize(("verified", "warned"), [(True, False), (False, True)])
def test_pages_remind_of_an_address_that_is_not_verified(verified: bool, warned: bool) -> None:
    client = at_home(make_user(verified=verified))
    assert ("Confirm your address: follow the link" in text(client.get("/bookings/"))) == warned
