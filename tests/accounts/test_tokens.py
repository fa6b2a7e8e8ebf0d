"""Accounts and tokens through the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from evently.accounts import tokens
from evently.accounts.errors import TokenRefused
from evently.accounts.models import User
from evently.accounts.services import forget_old_tokens
from evently.accounts.tokens import issue_tokens
from tests.api.shapes import assert_invalid, assert_problem
from tests.makers import PASSWORD, make_user

pytestmark = pytest.mark.django_db

FAILED_LOGINS = {"login_failed": "5/300s/key"}


def bearer(access: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access}"}


def log_in(api: APIClient, user: User, password: str = PASSWORD) -> Any:
    return api.post(reverse("login"), {"email": user.email, "password": password})


def test_whoever_registers_is_logged_in(api: APIClient) -> None:
    body = {"email": "Ada@Example.com", "password": PASSWORD, "name": "Ada"}
    answer = api.post(reverse("register"), body)
    assert answer.status_code == 201
    assert answer.data["user"]["email"] == "ada@example.com"
    assert PASSWORD not in answer.content.decode()
    profile = api.get(reverse("profile"), headers=bearer(answer.data["access"]))
    assert profile.data == answer.data["user"]


def test_a_log_in_ignores_the_case_of_the_address(api: APIClient) -> None:
    user = make_user()
    answer = api.post(reverse("login"), {"email": user.email.upper(), "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.data["user"]["id"] == str(user.pk)


def test_a_refused_log_in_does_not_tell_why(api: APIClient) -> None:
    inactive = make_user(is_active=False)
    answers = [
        log_in(api, make_user(), "wrong password 1"),
        log_in(api, inactive),
        api.post(reverse("login"), {"email": "nobody@example.com", "password": PASSWORD}),
    ]
    for answer in answers:
        assert_problem(answer, 401, "login-refused")
        assert answer["WWW-Authenticate"].startswith("Bearer")
    assert len({answer.content for answer in answers}) == 1


def test_a_refresh_token_works_once(api: APIClient) -> None:
    first = issue_tokens(make_user())
    answer = api.post(reverse("refresh"), {"refresh": first.refresh})
    assert answer.status_code == 200
    assert api.get(reverse("profile"), headers=bearer(answer.data["access"])).status_code == 200
    spent = api.post(reverse("refresh"), {"refresh": first.refresh})
    assert_problem(spent, 401, "token-refused")
    assert api.post(reverse("refresh"), {"refresh": answer.data["refresh"]}).status_code == 200


def test_of_two_calls_with_one_refresh_token_at_once_one_gets_a_pair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = issue_tokens(make_user())
    read_by_both = RefreshToken(pair.refresh)  # type: ignore[arg-type]
    monkeypatch.setattr(tokens, "_read", lambda _: read_by_both)
    assert tokens.rotate_tokens(pair.refresh).refresh != pair.refresh
    with pytest.raises(TokenRefused):
        tokens.rotate_tokens(pair.refresh)


def test_a_log_out_makes_the_refresh_token_useless(api: APIClient) -> None:
    pair = issue_tokens(make_user())
    for _ in range(2):
        assert api.post(reverse("logout"), {"refresh": pair.refresh}).status_code == 204
    assert_problem(api.post(reverse("refresh"), {"refresh": pair.refresh}), 401, "token-refused")


def test_a_new_password_ends_every_token(api: APIClient) -> None:
    user = make_user()
    pair = issue_tokens(user)
    user.set_password("another horse battery 9")
    user.save()
    assert_problem(api.get(reverse("profile"), headers=bearer(pair.access)), 401, "token-refused")
    assert_problem(api.post(reverse("refresh"), {"refresh": pair.refresh}), 401, "token-refused")


def test_an_inactive_person_has_no_tokens(api: APIClient) -> None:
    user = make_user()
    pair = issue_tokens(user)
    user.is_active = False
    user.save()
    assert_problem(api.get(reverse("profile"), headers=bearer(pair.access)), 401, "token-refused")
    assert_problem(api.post(reverse("refresh"), {"refresh": pair.refresh}), 401, "token-refused")


def test_a_person_who_is_gone_has_no_tokens(api: APIClient) -> None:
    user = make_user()
    pair = issue_tokens(user)
    user.delete()
    assert_problem(api.get(reverse("profile"), headers=bearer(pair.access)), 401, "token-refused")
    assert_problem(api.post(reverse("refresh"), {"refresh": pair.refresh}), 401, "token-refused")


def test_an_access_token_ends(api: APIClient) -> None:
    token = AccessToken.for_user(make_user())
    token.set_exp(from_time=timezone.now() - timedelta(hours=1), lifetime=timedelta(minutes=15))
    assert_problem(api.get(reverse("profile"), headers=bearer(str(token))), 401, "token-refused")


def test_each_kind_of_token_has_its_own_use(api: APIClient) -> None:
    pair = issue_tokens(make_user())
    assert_problem(api.get(reverse("profile"), headers=bearer(pair.refresh)), 401, "token-refused")
    assert_problem(api.post(reverse("refresh"), {"refresh": pair.access}), 401, "token-refused")


@pytest.mark.parametrize("text", ["x", "a.b.c", "é.é.é", "x" * 4_096])
def test_a_forged_refresh_token_is_refused(api: APIClient, text: str) -> None:
    assert_problem(api.post(reverse("refresh"), {"refresh": text}), 401, "token-refused")
    assert api.post(reverse("logout"), {"refresh": text}).status_code == 204


def test_an_expired_refresh_token_is_refused_and_forgotten(api: APIClient) -> None:
    token = RefreshToken.for_user(make_user())
    token.set_exp(from_time=timezone.now() - timedelta(days=60), lifetime=timedelta(days=14))
    assert_problem(api.post(reverse("refresh"), {"refresh": str(token)}), 401, "token-refused")
    OutstandingToken.objects.update(expires_at=timezone.now() - timedelta(days=46))
    forget_old_tokens()
    assert not OutstandingToken.objects.exists()


def test_the_name_can_be_changed_and_nothing_else(api: APIClient) -> None:
    user = make_user()
    api.force_authenticate(user)
    assert api.patch(reverse("profile"), {"name": "Ada L."}).data["name"] == "Ada L."
    assert_invalid(api.patch(reverse("profile"), {"is_staff": True}), "is_staff")
    assert_invalid(api.patch(reverse("profile"), {"name": " "}), "name")
    assert api.patch(reverse("profile"), {}).status_code == 200
    user.refresh_from_db()
    assert (user.name, user.is_staff) == ("Ada L.", False)


@override_settings(ACCOUNT_RATE_LIMITS=FAILED_LOGINS)
def test_guessing_passwords_is_braked_for_that_address_alone(api: APIClient) -> None:
    victim, other = make_user(), make_user()
    for _ in range(5):
        assert_problem(log_in(api, victim, "wrong password 1"), 401, "login-refused")
    braked = log_in(api, victim)
    assert assert_problem(braked, 429, "rate-limited")["retry_after_seconds"] == 300
    assert braked["Retry-After"] == "300"
    assert log_in(api, other).status_code == 200


@override_settings(ACCOUNT_RATE_LIMITS=FAILED_LOGINS)
def test_right_passwords_use_nothing_up(api: APIClient) -> None:
    user = make_user()
    assert {log_in(api, user).status_code for _ in range(8)} == {200}


@override_settings(ACCOUNT_RATE_LIMITS=FAILED_LOGINS)
def test_without_redis_people_still_log_in(api: APIClient, settings: Settings) -> None:
    nowhere = settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": nowhere}
    assert log_in(api, make_user()).status_code == 200
