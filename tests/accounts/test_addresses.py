"""Whose address it is: verifying it, changing it, registering with somebody else's, getting back.

Three people are always there: the owner of an address, somebody who gives it without having it,
and the mailbox, which shows what a stranger would read.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from evently.accounts.addresses import confirm_address, read_claim
from evently.accounts.errors import LinkRefused
from evently.accounts.models import User
from evently.accounts.tokens import issue_tokens
from tests.api.shapes import assert_invalid, assert_problem
from tests.harness import at_once, kinds
from tests.makers import PASSWORD, make_booking, make_event, make_user

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "ada@example.com"
ANOTHER_PASSWORD = "another horse battery 9"
CONFIRM = re.compile(r"\S+/accounts/confirm-email/(\S+)/")
RESET = re.compile(r"\S+(/accounts/password/reset/key/\S+)")
NOW = datetime.now(UTC)


def mails_to(address: str) -> list[str]:
    """Subject and text of each mail to the address, oldest first."""
    return [f"{sent.subject}\n{sent.body}" for sent in mail.outbox if sent.to == [address]]


def token_for(address: str) -> str:
    """What the newest mail to the address has the reader confirm it with."""
    found = CONFIRM.search(mails_to(address)[-1])
    assert found, mails_to(address)[-1]
    return found[1]


def register(api: APIClient, email: str = ADDRESS, **fields: Any) -> Any:
    body = {"email": email, "password": PASSWORD, "name": "Ada"} | fields
    return api.post(reverse("register"), body)


def sign_up(email: str = ADDRESS, **fields: Any) -> tuple[Client, Any]:
    """Somebody's browser after the form, and what it got."""
    client = Client()
    sent = {"email": email, "password1": PASSWORD, "name": "Ada"} | fields
    return client, client.post("/accounts/signup/", sent)


def log_in(api: APIClient, email: str = ADDRESS, password: str = PASSWORD) -> Any:
    return api.post(reverse("login"), {"email": email, "password": password})


def bearer(access: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access}"}


def confirm_page(token: str) -> str:
    return reverse("account_confirm_email", args=[token])


def is_logged_in(client: Client) -> bool:
    return bool(client.get("/bookings/").status_code == 200)


# --- Verifying ------------------------------------------------------------------------------------


def test_a_new_account_is_verified_by_the_mailed_link(api: APIClient) -> None:
    answer = register(api)
    assert answer.data["user"]["email_verified"] is False
    headers = bearer(answer.data["access"])
    sent = api.post(reverse("confirmation"), {"token": token_for(ADDRESS)}, headers=headers)
    assert (sent.status_code, sent.data["email_verified"]) == (200, True)
    again = api.post(reverse("confirmation"), {"token": token_for(ADDRESS)}, headers=headers)
    assert_problem(again, 410, "link-refused")


def test_on_the_page_whoever_is_logged_in_confirms_with_one_button() -> None:
    client, _ = sign_up()
    page = confirm_page(token_for(ADDRESS))
    assert "password" not in client.get(page).content.decode().lower()
    assert not User.objects.get().is_verified  # a mail scanner that opens links verifies nothing
    client.post(page)
    assert User.objects.get().is_verified


def test_elsewhere_the_link_asks_for_the_password_of_the_account() -> None:
    sign_up()
    page, elsewhere = confirm_page(token_for(ADDRESS)), Client()
    assert "Your password" in elsewhere.get(page).content.decode()
    for sent in ({}, {"password": "wrong password 1"}):
        assert elsewhere.post(page, sent).status_code == 400
    assert not User.objects.get().is_verified
    elsewhere.post(page, {"password": PASSWORD})
    assert User.objects.get().is_verified
    assert is_logged_in(elsewhere)


def test_a_stranger_who_follows_the_link_does_not_give_the_address_away() -> None:
    """Somebody registered with her address; she is logged in with an account of another one."""
    sign_up()
    victim = Client()
    victim.force_login(make_user("Vera"))
    victim.post(confirm_page(token_for(ADDRESS)))
    assert not User.objects.get(email=ADDRESS).is_verified


@pytest.mark.parametrize("token", ["x", "a:b:c", "é", "x" * 5_000])
def test_a_forged_link_is_refused(api: APIClient, token: str) -> None:
    api.force_authenticate(make_user(verified=False))
    answer = api.post(reverse("confirmation"), {"token": token})
    assert answer.status_code in {400, 410}
    assert not User.objects.get().is_verified


def test_a_link_is_for_one_account_alone(api: APIClient) -> None:
    register(api)
    other = make_user(verified=False)
    with pytest.raises(LinkRefused):
        confirm_address(token=token_for(ADDRESS), by=other, now=NOW)
    assert not User.objects.filter(email_verified_at__isnull=False).exists()


def test_an_old_link_is_refused(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    register(api)
    token = token_for(ADDRESS)
    assert read_claim(token).email == ADDRESS
    monkeypatch.setattr("evently.accounts.addresses.LINK_LIFETIME", NOW - NOW)
    with pytest.raises(LinkRefused):
        read_claim(token)


def test_the_mail_can_be_had_again_but_nobody_is_flooded(api: APIClient) -> None:
    headers = bearer(register(api).data["access"])
    answers = [api.post(reverse("verification"), headers=headers) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 4 + [429] * 2
    assert assert_problem(answers[-1], 429, "rate-limited")["retry_after_seconds"] == 3_600
    for _ in range(3):
        assert register(api).status_code == 201
    assert len(mails_to(ADDRESS)) == 5


def test_the_page_sends_it_again_and_leads_back() -> None:
    client, _ = sign_up()
    answer = client.post("/accounts/email/send-again/", {"next": "/bookings/"})
    assert answer.headers["Location"] == "/bookings/"
    assert len(mails_to(ADDRESS)) == 2
    away = client.post("/accounts/email/send-again/", {"next": "//evil.example/"})
    assert away.headers["Location"] == "/accounts/email/"


def test_of_two_accounts_that_verify_one_address_at_once_one_has_it(api: APIClient) -> None:
    tokens = []
    for _ in range(2):
        register(api)
        tokens.append(token_for(ADDRESS))
    people = {token: read_claim(token).user for token in tokens}

    def confirm(token: str) -> User:
        return confirm_address(token=token, by=people[token], now=NOW)

    outcomes = at_once(*[lambda token=token: confirm(token) for token in tokens])
    assert kinds(outcomes) == ["EmailTaken", "User"]
    assert User.objects.filter(email_verified_at__isnull=False).count() == 1


def test_a_mail_server_that_is_out_undoes_no_registration(
    api: APIClient, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert register(api).status_code == 201


# --- Somebody else's address ----------------------------------------------------------------------


def shape(answer: Any) -> Any:
    """Status, and the names and kinds of what came back; ids and tokens always differ."""
    user = {name: type(value) for name, value in answer.data["user"].items()}
    return answer.status_code, sorted(answer.data), user, answer.data["user"]["email"]


def test_registering_does_not_tell_whether_an_address_has_an_account(api: APIClient) -> None:
    make_user("Vera", email="taken@example.com")
    free, taken = register(api, "free@example.com"), register(api, "taken@example.com")
    assert shape(free)[:3] == shape(taken)[:3]
    profiles = [
        api.get(reverse("profile"), headers=bearer(answer.data["access"])).data
        for answer in (free, taken)
    ]
    assert [profile["email_verified"] for profile in profiles] == [False, False]
    logged_in = [log_in(api, email) for email in ("free@example.com", "taken@example.com")]
    assert [answer.status_code for answer in logged_in] == [200, 200]


def test_signing_up_does_not_tell_either() -> None:
    make_user("Vera", email="taken@example.com")
    answers = [sign_up(email)[1] for email in ("free@example.com", "taken@example.com")]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert [len(mails_to(address)) for address in ("free@example.com", "taken@example.com")] == [
        1,
        1,
    ]


def test_the_owner_is_told_and_keeps_the_account(api: APIClient) -> None:
    owner = make_user("Vera", email=ADDRESS)
    register(api, password=ANOTHER_PASSWORD, name="Mallory")
    [told] = mails_to(ADDRESS)
    assert "You have one already" in told
    assert not CONFIRM.search(told)
    assert log_in(api).data["user"]["id"] == str(owner.pk)
    assert log_in(api, password=ANOTHER_PASSWORD).data["user"]["id"] != str(owner.pk)


def test_a_refusal_costs_the_same_whether_or_not_there_is_an_account(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted are the hashes, which take nearly all of the time of a log-in."""
    hashes: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        hashes.append(password)
        return encode(self, password, salt)

    make_user("Vera", email="owned@example.com")
    make_user("Mia", email="both@example.com")
    for email in ("claimed@example.com", "both@example.com", "both@example.com"):
        register(api, email)
    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    spent = []
    for name in ("nobody", "owned", "claimed", "both"):
        hashes.clear()
        assert_problem(log_in(api, f"{name}@example.com", "wrong password 1"), 401, "login-refused")
        spent.append(len(hashes))
    assert spent == [2, 2, 2, 2]


def test_nobody_gets_into_an_account_by_claiming_its_address(api: APIClient) -> None:
    """Whoever verified the address is found in the admin, by log-ins and by new passwords."""
    owner = make_user("Vera", email=ADDRESS)
    register(api, password=ANOTHER_PASSWORD)
    mail.outbox.clear()
    Client().post("/accounts/password/reset/", {"email": ADDRESS})
    [sent] = mails_to(ADDRESS)
    found = RESET.search(sent)
    assert found
    assert owner.pk.hex in found[1]


# --- An account that nobody verified --------------------------------------------------------------


def test_it_books_but_founds_no_team_and_adds_no_event(api: APIClient) -> None:
    event = make_event()
    headers = bearer(register(api).data["access"])
    wish = {"event_id": str(event.pk), "quantity": 1}
    assert api.post("/api/v1/bookings", wish, headers=headers).status_code == 201
    refused = api.post("/api/v1/organisers", {"name": "Blue Note"}, headers=headers)
    assert assert_problem(refused, 403, "email-unverified")["resend"] == "/api/v1/auth/verification"
    show = {"name": "Jazz", "starts_at": "2090-01-01T19:00:00Z", "ends_at": "2090-01-01T21:00:00Z"}
    added = api.post("/api/v1/events", show | {"capacity": 5}, headers=headers)
    assert_problem(added, 403, "email-unverified")
    api.post(reverse("confirmation"), {"token": token_for(ADDRESS)}, headers=headers)
    founded = api.post("/api/v1/organisers", {"name": "Blue Note"}, headers=headers)
    assert founded.status_code == 201


# --- Another address ------------------------------------------------------------------------------


def ask_for(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post("/accounts/email/", {"email": email, "password": password})


def at_home(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_an_address_is_changed_by_its_link_and_both_are_told() -> None:
    user = make_user("Ada", email=ADDRESS)
    client = at_home(user)
    assert ask_for(client, "New@Example.com").status_code == 302
    user.refresh_from_db()
    assert (user.email, user.is_verified) == (ADDRESS, True)
    assert len(mails_to(ADDRESS)) == 1
    client.post(confirm_page(token_for("new@example.com")))
    user.refresh_from_db()
    assert (user.email, user.is_verified) == ("new@example.com", True)
    assert "has a new address" in mails_to(ADDRESS)[-1]


@pytest.mark.parametrize(
    ("email", "password"),
    [("new@example.com", ""), ("new@example.com", "wrong password 1"), (ADDRESS, PASSWORD),
     ("not an address", PASSWORD), ("a\x00@example.com", PASSWORD)],
)  # fmt: skip
def test_without_the_password_or_an_address_nothing_is_sent(email: str, password: str) -> None:
    client = at_home(make_user("Ada", email=ADDRESS))
    answer = ask_for(client, email, password)
    assert answer.status_code == 400
    assert 'class="field-error"' in answer.content.decode()
    assert mail.outbox == []


def test_a_change_to_a_taken_address_looks_like_any_other() -> None:
    make_user("Vera", email="taken@example.com")
    answers = [
        ask_for(at_home(make_user()), email) for email in ("free@example.com", "taken@example.com")
    ]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert not CONFIRM.search(mails_to("taken@example.com")[0])


def test_an_address_that_was_taken_meanwhile_is_not_given_twice() -> None:
    client = at_home(make_user("Ada", email=ADDRESS))
    ask_for(client, "new@example.com")
    page = confirm_page(token_for("new@example.com"))
    make_user("Vera", email="new@example.com")
    answer = client.post(page)
    assert answer.status_code == 409
    assert "belongs to another account" in answer.content.decode()
    assert User.objects.filter(email=ADDRESS).exists()


# --- A new password -------------------------------------------------------------------------------


def reset(address: str = ADDRESS, password: str = ANOTHER_PASSWORD) -> Any:
    """Ask for the mail and follow its link, as whoever reads the mailbox."""
    client = Client()
    client.post("/accounts/password/reset/", {"email": address})
    found = RESET.search(mails_to(address)[-1])
    assert found
    page = client.get(found[1]).headers["Location"]
    return client.post(page, {"password1": password, "password2": password})


def test_a_new_password_leaves_nothing_of_whoever_had_the_account_before(api: APIClient) -> None:
    """Mallory registers the victim's address, opens sessions and tokens and asks for another
    address; the victim resets the password of the account that her mail tells her about."""
    mallory, _ = sign_up(name="Mallory")
    tokens = log_in(api).data
    spare = issue_tokens(User.objects.get())
    ask_for(mallory, "mallory@example.com")
    pending, first = token_for("mallory@example.com"), token_for(ADDRESS)
    assert reset().status_code == 302
    victim = User.objects.get()
    assert (victim.email, victim.is_verified) == (ADDRESS, True)
    assert not is_logged_in(mallory)
    for access in (tokens["access"], spare.access):
        assert_problem(api.get(reverse("profile"), headers=bearer(access)), 401, "token-refused")
    for refresh in (tokens["refresh"], spare.refresh):
        assert_problem(api.post(reverse("refresh"), {"refresh": refresh}), 401, "token-refused")
    assert_problem(log_in(api), 401, "login-refused")
    for token in (pending, first):
        with pytest.raises(LinkRefused):
            read_claim(token)
    assert log_in(api, password=ANOTHER_PASSWORD).status_code == 200


def test_an_owner_who_resets_stays_the_owner_and_ends_pending_changes() -> None:
    user = make_user("Ada", email=ADDRESS)
    client = at_home(user)
    ask_for(client, "new@example.com")
    assert reset().status_code == 302
    assert client.post(confirm_page(token_for("new@example.com"))).status_code == 410
    user.refresh_from_db()
    assert (user.email, user.is_verified) == (ADDRESS, True)


def test_a_reset_for_a_claim_does_not_take_an_address_from_its_owner(api: APIClient) -> None:
    register(api)
    claim = User.objects.get()
    Client().post("/accounts/password/reset/", {"email": ADDRESS})
    make_user("Vera", email=ADDRESS)
    found = RESET.search(mails_to(ADDRESS)[-1])
    assert found
    client = Client()
    page = client.get(found[1]).headers["Location"]
    client.post(page, {"password1": ANOTHER_PASSWORD, "password2": ANOTHER_PASSWORD})
    claim.refresh_from_db()
    assert not claim.is_verified


# --- What mails say, and where they lead ----------------------------------------------------------

LINKS = ("http://win.example", "https://win.example", "WWW.win.example", "ｗｗｗ．win.example")
HOSTS = ({"host": "evil.example"}, {"host": "evently.example", "x-forwarded-host": "evil.example"})


@pytest.mark.parametrize("link", LINKS)
def test_a_name_with_a_link_is_refused_at_every_door(api: APIClient, link: str) -> None:
    name = f"You have won! {link}"
    assert_invalid(register(api, name=name), "name")
    assert 'class="field-error"' in sign_up(name=name)[1].content.decode()
    assert not User.objects.exists()
    user = make_user("Old")
    assert at_home(user).post("/accounts/profile/", {"name": name}).status_code == 400
    api.force_authenticate(user)
    assert_invalid(api.patch(reverse("profile"), {"name": name}), "name")
    assert_invalid(api.post("/api/v1/organisers", {"name": name}), "name")
    staff = at_home(make_user("Sue", is_staff=True, is_superuser=True))
    page = reverse("admin:accounts_user_change", args=[user.pk])
    assert staff.post(page, {"email": user.email, "name": name}).status_code == 200
    user.refresh_from_db()
    assert user.name == "Old"


@pytest.mark.parametrize("name", ["Dr. Ada", "Ada (node.js)", "W. W. Wright", "Awww. Ada"])
def test_other_names_are_fine(api: APIClient, name: str) -> None:
    assert register(api, name=name).data["user"]["name"] == name


def test_no_mail_to_an_unverified_address_says_what_a_stranger_typed(api: APIClient) -> None:
    register(api, name="You have won")
    headers = bearer(register(api, "b@example.com", name="You have won").data["access"])
    api.post(reverse("verification"), headers=headers)
    Client().post("/accounts/password/reset/", {"email": ADDRESS})
    assert len(mail.outbox) == 4
    assert not any("won" in f"{sent.subject} {sent.body}" for sent in mail.outbox)


@pytest.mark.parametrize("headers", HOSTS)
def test_links_lead_to_the_site_whatever_host_is_asked_for(
    settings: Settings, headers: dict[str, str]
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = "https://tickets.example"
    user = make_user("Ada", email=ADDRESS)
    client = Client(headers=headers)
    client.post("/accounts/signup/", {"email": "b@example.com", "password1": PASSWORD, "name": "B"})
    client.post("/accounts/email/", {"email": "c@example.com", "password": PASSWORD})
    client.post("/accounts/logout/")
    for address in (user.email, "nobody@example.com"):
        client.post("/accounts/password/reset/", {"email": address})
    client.post("/accounts/signup/", {"email": ADDRESS, "password1": PASSWORD, "name": "B"})
    addresses = links_of([str(sent.body) for sent in mail.outbox])
    assert len(addresses) >= 5
    assert {address.split("/accounts/")[0] for address in addresses} == {"https://tickets.example"}


def links_of(texts: Sequence[str]) -> list[str]:
    return [link for text in texts for link in re.findall(r"https?://\S+", text)]


def test_people_without_an_account_can_book_after_signing_up_at_once() -> None:
    client, _ = sign_up()
    booking = make_booking(make_event(), User.objects.get())
    assert booking.reference in client.get("/bookings/").content.decode()


def test_two_people_never_have_one_verified_address() -> None:
    make_user(email=ADDRESS)
    with pytest.raises(IntegrityError):
        make_user(email=ADDRESS)
    assert make_user(email=ADDRESS, verified=False).email == ADDRESS
