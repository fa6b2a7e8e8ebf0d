"""What people want to be told by mail: their choices, and the link that stops a kind of mail."""

import pytest
from django.test import Client
from django.urls import reverse

from notifications.models import Channel, Kind, Preference
from notifications.queries import preferences_of
from notifications.services import choose_notices
from notifications.unsubscribing import unsubscribe_token
from notifications.wording import MAILED
from tests.bookings.test_pages import logged_in, text_of
from tests.conftest import client_of
from tests.makers import make_user

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/notifications/preferences/"


def test_everything_is_wanted_before_anything_is_chosen() -> None:
    found = client_of(make_user()).get(reverse("notification-preferences")).data
    assert found == {kind.value: {"mail": True} for kind in MAILED}


def test_what_the_api_is_not_told_stays_as_it_is() -> None:
    user = make_user()
    client, address = client_of(user), reverse("notification-preferences")
    client.patch(address, {"welcome": {"mail": False}})
    answer = client.patch(address, {"broadcast": {"mail": False}, "welcome": {}})
    stopped = {kind for kind, channels in answer.data.items() if not channels["mail"]}
    assert stopped == {"welcome", "broadcast"}
    assert client.patch(address, {"welcome": {"mail": True}}).data["welcome"] == {"mail": True}


@pytest.mark.parametrize(
    "wish", [{"offer_passed": {"mail": True}}, {"welcome": {"fax": True}}, {"welcome": {"mail": 1}}]
)
def test_a_choice_that_makes_no_sense_changes_nothing(wish: dict[str, object]) -> None:
    user = make_user()
    answer = client_of(user).patch(reverse("notification-preferences"), wish)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not Preference.objects.exists()


def test_choices_are_each_persons_own() -> None:
    user, other = make_user(), make_user()
    choose_notices(user=user, choices={(Kind.WELCOME, Channel.MAIL): False})
    assert preferences_of(other)["welcome"] == {"mail": True}


def test_the_page_shows_and_keeps_choices() -> None:
    user = make_user()
    client = logged_in(user)
    wanted = {kind.value: "on" for kind in MAILED if kind != Kind.EVENT_REMINDER}
    assert client.post(ADDRESS, wanted)["Location"] == ADDRESS
    assert preferences_of(user)["event_reminder"] == {"mail": False}
    page = client.get(ADDRESS).content.decode()
    assert page.count("checked") == len(MAILED) - 1
    assert "Your choice is saved." in page


def test_to_untick_everything_stops_everything() -> None:
    user = make_user()
    logged_in(user).post(ADDRESS, {})
    assert not any(channels["mail"] for channels in preferences_of(user).values())


# --- One click ------------------------------------------------------------------------------------


def test_a_mail_program_stops_a_kind_of_mail_with_one_request_and_no_cookie() -> None:
    user = make_user()
    address = reverse("notifications:unsubscribe", args=[unsubscribe_token(user.pk, Kind.WELCOME)])
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = client.post(address, {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    stopped = {kind for kind, channels in preferences_of(user).items() if not channels["mail"]}
    assert stopped == {"welcome"}


def test_to_open_the_link_only_asks() -> None:
    user = make_user()
    address = reverse("notifications:unsubscribe", args=[unsubscribe_token(user.pk, Kind.WELCOME)])
    page = Client().get(address)
    assert "No more of these mails?" in text_of(page)
    assert not Preference.objects.exists()


def test_a_link_that_we_did_not_make_stops_nothing() -> None:
    token = unsubscribe_token(make_user().pk, Kind.WELCOME)
    other = unsubscribe_token(make_user().pk, Kind.WELCOME)
    forged = f"{token.partition('.')[0]}.{other.partition('.')[2]}"
    for wrong in (forged, token[:-3], "x", "x.y"):
        address = reverse("notifications:unsubscribe", args=[wrong])
        assert Client().get(address).status_code == 404
        assert Client().post(address).status_code == 404
    assert not Preference.objects.exists()
