"""Wrong passwords are counted at every door, and strangers cannot lock an owner out."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse
from django_redis import get_redis_connection
from pytest_django import Settings

from evently.accounts import login_limits
from evently.accounts.login_limits import (
    ACCOUNT,
    ADDRESS,
    DEVICE,
    PAIR,
    Counters,
    LocalCounters,
    Taken,
)
from evently.accounts.models import User
from evently.breaker import Breaker
from tests.api.shapes import assert_problem
from tests.harness import at_once
from tests.makers import PASSWORD, make_user

pytestmark = pytest.mark.django_db

WRONG = "wrong password 1"
Answer = Any


@pytest.fixture(autouse=True)
def _limits_on(settings: Settings) -> None:
    settings.RATE_LIMITS = True


@pytest.fixture(autouse=True)
def _redis_is_not_known_to_be_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another test may have taken Redis away a moment ago."""
    monkeypatch.setattr(login_limits, "redis_breaker", Breaker(pause=1.0))


def at(address: str) -> Client:
    return Client(REMOTE_ADDR=address)


def by_api(email: str, password: str = WRONG, *, address: str = "192.0.2.1", **more: str) -> Answer:
    body = {"email": email, "password": password, **more}
    return at(address).post(reverse("login"), body, content_type="application/json")


def by_page(client: Client, email: str, password: str = WRONG) -> Answer:
    return client.post("/accounts/login/", {"login": email, "password": password})


def attack(user: User, times: int) -> None:
    """From an address of its own each time."""
    for number in range(times):
        answer = by_api(user.email, address=f"198.51.100.{number}")
        assert answer.status_code in {401, 429}


def is_let_in(answer: Answer) -> bool:
    return bool(answer.status_code in {200, 302})


# --- Who is counted -------------------------------------------------------------------------------


def test_an_address_that_guesses_is_refused_and_told_when_to_come_back() -> None:
    user = make_user()
    for _ in range(PAIR.failures):
        assert_problem(by_api(user.email), 401, "login-refused")
    refused = by_api(user.email, PASSWORD)
    seconds = assert_problem(refused, 429, "rate-limited")["retry_after_seconds"]
    assert refused["Retry-After"] == str(seconds)
    assert 0 < seconds <= PAIR.seconds


def test_five_wrong_passwords_lock_nobody_out_elsewhere() -> None:
    user = make_user()
    for _ in range(PAIR.failures + 3):
        by_api(user.email)
    assert is_let_in(by_api(user.email, PASSWORD, address="203.0.113.7"))


def test_the_answers_do_not_tell_whether_there_is_an_account() -> None:
    user, nobody = make_user(), "nobody@example.com"
    for number in range(PAIR.failures + 2):
        address = f"192.0.2.{number % 2}"
        known, unknown = by_api(user.email, address=address), by_api(nobody, address=address)
        assert known.status_code == unknown.status_code
        assert shape_of(known) == shape_of(unknown)


def shape_of(answer: Answer) -> dict[str, Any]:
    """What a program reads, but for the seconds that pass and the request's name."""
    passing = {"retry_after_seconds", "request_id"}
    return {name: value for name, value in answer.json().items() if name not in passing}


def test_all_addresses_of_one_ipv6_client_are_one() -> None:
    user = make_user()
    for number in range(PAIR.failures):
        by_api(user.email, address=f"2001:db8:1:1::{number}")
    assert by_api(user.email, PASSWORD, address="2001:db8:1:1::99").status_code == 429
    assert is_let_in(by_api(user.email, PASSWORD, address="2001:db8:1:2::1"))


@pytest.mark.parametrize(
    "spelling", ["SAM@EXAMPLE.COM", " sam@example.com", "\u017fam@example.com"]
)
def test_all_spellings_of_an_address_are_one_account(spelling: str) -> None:
    user = make_user(email="sam@example.com")
    for _ in range(PAIR.failures):
        by_api(spelling)
    assert by_api(user.email, PASSWORD).status_code == 429


def test_right_passwords_use_nothing_up() -> None:
    user = make_user()
    answers = [by_api(user.email, PASSWORD) for _ in range(PAIR.failures + 2)]
    assert all(map(is_let_in, answers))


def test_one_address_that_tries_many_accounts_is_refused() -> None:
    for number in range(ADDRESS.failures):
        assert by_api(f"person{number}@example.com").status_code == 401
    user = make_user()
    assert by_api(user.email, PASSWORD).status_code == 429
    assert is_let_in(by_api(user.email, PASSWORD, address="203.0.113.7"))


def test_many_addresses_that_try_one_account_are_slowed_down_and_noticed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    user = make_user()
    attack(user, ACCOUNT.failures + 5)
    answer = by_api(user.email, address="203.0.113.9")
    assert assert_problem(answer, 429, "rate-limited")["retry_after_seconds"] > PAIR.seconds
    lines = [line for line in caplog.messages if "Somebody guesses passwords" in line]
    assert lines == ["Somebody guesses passwords: the budget “account” is used up"]
    assert user.email not in caplog.text


def test_to_be_refused_does_not_make_the_wait_longer() -> None:
    user = make_user()
    for _ in range(PAIR.failures):
        by_api(user.email)
    first = by_api(user.email).json()["retry_after_seconds"]
    get_redis = get_redis_connection()
    for key in get_redis.keys("evently:login:*"):
        get_redis.pexpire(key, 2_000)
    for _ in range(PAIR.failures):
        by_api(user.email)
    assert by_api(user.email).json()["retry_after_seconds"] <= 2 < first


# --- Known devices --------------------------------------------------------------------------------


def test_a_browser_that_logged_in_before_gets_in_whatever_strangers_do() -> None:
    user = make_user()
    browser = at("203.0.113.7")
    assert is_let_in(by_page(browser, user.email, PASSWORD))
    cookie = browser.cookies[configured.DEVICE_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] >= 300 * 24 * 60 * 60
    browser.logout()
    browser.cookies[configured.DEVICE_COOKIE_NAME] = cookie.value
    attack(user, ACCOUNT.failures)
    assert by_page(at("203.0.113.8"), user.email, PASSWORD).status_code == 429
    assert is_let_in(by_page(browser, user.email, PASSWORD))


def test_a_program_that_logged_in_before_gets_in_whatever_strangers_do() -> None:
    user = make_user()
    device = by_api(user.email, PASSWORD).json()["device"]
    attack(user, ACCOUNT.failures)
    assert by_api(user.email, PASSWORD).status_code == 429
    assert is_let_in(by_api(user.email, PASSWORD, device=device))


def test_whoever_registers_has_a_known_device() -> None:
    body = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}
    device = Client().post(reverse("register"), body, content_type="application/json").json()
    attack(User.objects.get(email="ada@example.com"), ACCOUNT.failures)
    assert is_let_in(by_api("ada@example.com", PASSWORD, device=device["device"]))


def test_a_known_device_has_a_budget_of_its_own() -> None:
    user = make_user()
    lost, kept = [by_api(user.email, PASSWORD).json()["device"] for _ in range(2)]
    for _ in range(DEVICE.failures):
        assert by_api(user.email, device=lost).status_code == 401
    assert by_api(user.email, PASSWORD, device=lost).status_code == 429
    assert is_let_in(by_api(user.email, PASSWORD, device=kept))
    assert is_let_in(by_api(user.email, PASSWORD))


def test_a_device_opens_nothing_for_other_accounts() -> None:
    victim, thief = make_user(), make_user()
    own = by_api(thief.email, PASSWORD).json()["device"]
    attack(victim, ACCOUNT.failures)
    for device in (own, own[:-1] + "x", "x", "é", "x" * 4_000):
        assert by_api(victim.email, device=device).status_code == 429


def test_who_resets_the_password_gets_in_on_a_new_device_too(mailoutbox: list[Any]) -> None:
    user, new = make_user(), "another long and rare phrase"
    attack(user, ACCOUNT.failures)
    browser = at("203.0.113.8")
    assert by_page(browser, user.email, PASSWORD).status_code == 429
    browser.post("/accounts/password/reset/", {"email": user.email})
    found = re.search(r"/accounts/password/reset/key/\S+", mailoutbox[-1].body)
    assert found
    form = browser.get(found[0], follow=True).redirect_chain[-1][0]
    assert browser.post(form, {"password1": new, "password2": new}).status_code == 302
    assert is_let_in(by_page(browser, user.email, new))


def test_people_who_share_a_browser_are_both_known() -> None:
    ada, bob = make_user("Ada"), make_user("Bob")
    browser = at("203.0.113.7")
    for user in (ada, bob):
        assert is_let_in(by_page(browser, user.email, PASSWORD))
        browser.post("/accounts/logout/")
    for user in (ada, bob):
        attack(user, ACCOUNT.failures)
        assert is_let_in(by_page(browser, user.email, PASSWORD))
        browser.post("/accounts/logout/")


# --- One rule for every door ----------------------------------------------------------------------


def wrong_at_log_in(client: Client, user: User) -> Answer:
    return by_page(Client(REMOTE_ADDR="192.0.2.1"), user.email)


def wrong_by_api(client: Client, user: User) -> Answer:
    return by_api(user.email)


def wrong_when_asked_again(client: Client, user: User) -> Answer:
    return client.post("/accounts/reauthenticate/", {"password": WRONG})


def wrong_beside_a_new_one(client: Client, user: User) -> Answer:
    new = "another long and rare phrase"
    return client.post(
        "/accounts/password/change/", {"oldpassword": WRONG, "password1": new, "password2": new}
    )


def wrong_when_deleting(client: Client, user: User) -> Answer:
    return client.post("/accounts/delete/", {"password": WRONG})


DOORS = [
    wrong_at_log_in,
    wrong_by_api,
    wrong_when_asked_again,
    wrong_beside_a_new_one,
    wrong_when_deleting,
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("last", DOORS)
def test_every_door_counts_and_refuses(last: Callable[[Client, User], Answer]) -> None:
    assert len(DOORS) == PAIR.failures
    user = make_user()
    client = at("192.0.2.1")
    client.force_login(user)
    for door in DOORS:
        assert door(client, user).status_code in {200, 400, 401}
    refused = last(client, user)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= PAIR.seconds


def test_the_admin_has_no_log_in_of_its_own() -> None:
    user = make_user(is_staff=True)
    answer = at("192.0.2.1").post("/admin/login/", {"username": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


# --- At once, and without Redis -------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_attempts_at_once_are_no_way_around_the_count() -> None:
    user = make_user()
    answers = at_once(*[lambda: by_api(user.email).status_code] * 12)
    assert sorted(answers) == [401] * PAIR.failures + [429] * (12 - PAIR.failures)


@pytest.mark.django_db(transaction=True)
def test_counting_after_the_password_is_looked_at_would_be_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control of the test above: all look before any has counted."""
    user = make_user()
    all_have_looked = threading.Barrier(12)
    count = login_limits.shared.take

    class LooksFirst(LocalCounters):
        def take(self, counters: Counters) -> Taken:
            taken = count({})
            all_have_looked.wait(10)
            return taken

    monkeypatch.setattr(login_limits, "shared", LooksFirst())
    answers = at_once(*[lambda: by_api(user.email).status_code] * 12)
    assert answers == [401] * 12


def test_without_redis_each_process_counts_for_itself(settings: Settings) -> None:
    nowhere = settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": nowhere}
    user, other = make_user(), make_user()
    for _ in range(PAIR.failures):
        assert by_api(user.email).status_code == 401
    assert by_api(user.email, PASSWORD).status_code == 429
    assert is_let_in(by_api(user.email, PASSWORD, address="203.0.113.7"))
    assert is_let_in(by_api(other.email, PASSWORD))


def test_a_process_remembers_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_limits, "MOST_COUNTERS", 3)
    counters = LocalCounters()
    for number in range(10):
        assert counters.take({f"{number}": PAIR}) == (0, 0)
    assert len(counters._used) == 3


def test_limits_that_are_off_refuse_nobody(settings: Settings) -> None:
    settings.RATE_LIMITS = False
    user = make_user()
    for _ in range(PAIR.failures + 2):
        assert by_api(user.email).status_code == 401
