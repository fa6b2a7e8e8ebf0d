"""Which addresses are taken at every door, and how the account is found again by them."""

import io
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from evently.accounts.models import User
from evently.addresses import mail_address, mailbox, normal_address
from tests.makers import PASSWORD, make_organiser, make_user

pytestmark = pytest.mark.django_db(transaction=True)

WORDS_BEFORE_THE_AT = "Before the @"
REFUSED = [
    ("İstanbul@example.com", WORDS_BEFORE_THE_AT),
    ("ſam@example.com", WORDS_BEFORE_THE_AT),
    ("käthe@example.com", WORDS_BEFORE_THE_AT),
    ("ada@☃.example", "is not the name of a mail server"),
    ("ada@xn--a.example", "is not the name of a mail server"),
    ("ada\u202e@example.com", "valid email address"),
    ("ada@" + "a." * 130 + "example", "254"),
]
refused = pytest.mark.parametrize(("address", "words"), REFUSED)


# --- The rule -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "stored", "mailed"),
    [
        ("Ada@Example.COM", "ada@example.com", "ada@example.com"),
        (
            "Anna@MÜLLER-Käse.example",
            "anna@müller-käse.example",
            "anna@xn--mller-kse-12a1x.example",
        ),
        (
            "anna@xn--mller-kse-12a1x.example",
            "anna@müller-käse.example",
            "anna@xn--mller-kse-12a1x.example",
        ),
        # IDNA 2008 keeps what IDNA 2003 made "strasse": another domain, of another owner.
        ("a@straße.example", "a@straße.example", "a@xn--strae-oqa.example"),
        ("a@exａmple。com", "a@example.com", "a@example.com"),
        ("a@r3---sn.example", "a@r3---sn.example", "a@r3---sn.example"),
    ],
)
def test_one_address_has_one_spelling_and_one_for_mail(
    typed: str, stored: str, mailed: str
) -> None:
    assert normal_address(typed) == normal_address(stored) == normal_address(mailed) == stored
    assert mail_address(typed) == mailed
    assert mailbox(f"Ada <{stored}>") == f"Ada <{mailed}>"


@pytest.mark.parametrize("address", ["ada@example.com\nBcc: all@example.com", "ada", "@", "", "a@"])
def test_what_is_no_address_gets_no_mail(address: str) -> None:
    with pytest.raises(ValidationError):
        mail_address(address)


# --- Every door -----------------------------------------------------------------------------------


@refused
def test_the_api_says_what_is_wrong_with_an_address(address: str, words: str) -> None:
    body = {"email": address, "password": PASSWORD, "name": "Ada"}
    answer = Client().post("/api/v1/auth/register", body, content_type="application/json")
    assert answer.status_code == 400
    assert words in str(answer.json()["errors"]["email"])
    assert not User.objects.exists()


@refused
def test_the_sign_up_form_says_what_is_wrong_with_an_address(address: str, words: str) -> None:
    form = {"email": address, "password1": PASSWORD, "name": "Ada"}
    answer = Client().post(reverse("account_signup"), form)
    assert answer.status_code == 200
    assert any(words in text for text in _errors_of(answer, "email"))
    assert not User.objects.exists()


@refused
def test_another_address_for_an_account_is_held_to_the_same_rule(address: str, words: str) -> None:
    user, client = make_user(), Client()
    client.force_login(user)
    answer = client.post(reverse("account_email"), {"email": address, "password": PASSWORD})
    assert any(words in text for text in _errors_of(answer, "email"))
    user.refresh_from_db()
    assert user.email != address


@refused
def test_who_asks_for_a_new_password_is_told_too(address: str, words: str) -> None:
    answer = Client().post(reverse("account_reset_password"), {"email": address})
    assert any(words in text for text in _errors_of(answer, "email"))


@refused
def test_staff_cannot_give_a_person_an_address_that_gets_no_mail(address: str, words: str) -> None:
    person, client = make_user(email="ada@example.com"), Client()
    client.force_login(make_user(is_staff=True))
    page = reverse("admin:accounts_user_change", args=[person.pk])
    answer: Any = client.post(page, {"email": address, "name": "Ada", "is_active": "on"})
    assert words in str(answer.context["adminform"].form.errors["email"])
    person.refresh_from_db()
    assert person.email == "ada@example.com"


@refused
def test_an_organiser_who_adds_such_an_address_to_the_team_is_told(
    address: str, words: str
) -> None:
    owner, client = make_user(), Client()
    organiser = make_organiser(owner)
    client.force_login(owner)
    form = {"organiser": organiser.pk, "email": address, "role": "viewer"}
    answer: Any = client.post(reverse("admin:events_invitation_add"), form)
    assert words in str(answer.context["adminform"].form.errors["email"])


@refused
def test_the_command_for_the_first_account_says_it_too(
    monkeypatch: pytest.MonkeyPatch, address: str, words: str
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    with pytest.raises(CommandError, match=words):
        call_command("createsuperuser", email=address, interactive=False, stdout=io.StringIO())
    assert not User.objects.exists()


# --- And found again ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["anna@müller-käse.example", "ANNA@Müller-Käse.example", "anna@xn--mller-kse-12a1x.example"],
)
def test_an_account_is_found_by_each_spelling_of_its_address(typed: str) -> None:
    user = make_user(email="Anna@müller-käse.example")
    credentials = {"email": typed, "password": PASSWORD}
    answer = Client().post("/api/v1/auth/login", credentials, content_type="application/json")
    assert answer.status_code == 200
    client = Client()
    client.post(reverse("account_login"), {"login": typed, "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(user.pk)
    body = credentials | {"name": "Anna"}
    answer = Client().post("/api/v1/auth/register", body, content_type="application/json")
    assert answer.status_code == 201  # and tells nobody that the address has an account
    assert list(User.objects.filter(email_verified_at__isnull=False)) == [user]


@pytest.mark.parametrize(
    "old", ["İstanbul@example.com", "ſam@example.com", "a@XN--mller-kse-12a1x.example"]
)
def test_an_account_of_before_this_rule_still_logs_in(old: str) -> None:
    user = make_user()
    User.objects.filter(pk=user.pk).update(email=old.lower())
    credentials = {"email": old, "password": PASSWORD}
    answer = Client().post("/api/v1/auth/login", credentials, content_type="application/json")
    assert answer.status_code == 200


def _errors_of(answer: Any, field: str) -> list[str]:
    errors: list[str] = answer.context["form"].errors[field]
    return errors
