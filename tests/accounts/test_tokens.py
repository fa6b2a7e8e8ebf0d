"""Accounts and tokens through the API."""

import threading
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from evently.accounts import tokens
from evently.accounts.models import TokenFamily, User
from evently.accounts.services import forget_old_tokens
from evently.accounts.tokens import issue_tokens, rotate_tokens
from evently.history.queries import list_changes
from tests.api.shapes import assert_invalid, assert_problem
from tests.harness import at_once
from tests.makers import PASSWORD, make_user
from tests.tokens import claims_of_family, make_token

pytestmark = pytest.mark.django_db


def bearer(access: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access}"}


def claims_in(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


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


# --- Refresh tokens -----------------------------------------------------------------------------


def refresh(api: APIClient, token: str) -> Any:
    return api.post(reverse("refresh"), {"refresh": token})


def is_let_in(api: APIClient, access: str) -> bool:
    return api.get(reverse("profile"), headers=bearer(access)).status_code == 200


def let_time_pass(**past: int) -> None:
    TokenFamily.objects.update(rotated_at=F("rotated_at") - timedelta(**past))


def test_a_refresh_token_brings_the_next_pair(api: APIClient) -> None:
    first = issue_tokens(make_user())
    answer = refresh(api, first.refresh)
    assert answer.status_code == 200
    assert answer.data["refresh"] != first.refresh
    assert is_let_in(api, answer.data["access"])
    assert refresh(api, answer.data["refresh"]).status_code == 200


def test_a_spent_refresh_token_ends_its_family_and_the_history_says_so(api: APIClient) -> None:
    user = make_user()
    stolen, elsewhere = issue_tokens(user), issue_tokens(user)
    answer = refresh(api, stolen.refresh)
    let_time_pass(seconds=31)
    assert_problem(refresh(api, stolen.refresh), 401, "token-refused")
    assert_problem(refresh(api, answer.data["refresh"]), 401, "token-refused")
    assert not is_let_in(api, stolen.access)
    assert not is_let_in(api, answer.data["access"])
    [change] = list_changes(subject_id=user.pk)
    assert (change.subject, change.label, change.field) == ("account", user.email, "tokens")
    assert (change.before, change.after) == ("valid", "ended, as one was used twice")
    assert change.by is None
    assert is_let_in(api, elsewhere.access)
    assert refresh(api, elsewhere.refresh).status_code == 200


def test_a_spent_refresh_token_ends_its_family_at_once_when_its_successor_was_used(
    api: APIClient,
) -> None:
    first = issue_tokens(make_user())
    second = refresh(api, first.refresh)
    third = refresh(api, second.data["refresh"])
    assert_problem(refresh(api, first.refresh), 401, "token-refused")
    assert_problem(refresh(api, third.data["refresh"]), 401, "token-refused")


def test_a_refresh_whose_answer_was_lost_is_repeated(api: APIClient) -> None:
    first = issue_tokens(make_user())
    lost = refresh(api, first.refresh)
    let_time_pass(seconds=20)
    again = refresh(api, first.refresh)
    assert again.status_code == 200
    assert is_let_in(api, again.data["access"])
    claims = [claims_in(answer.data["refresh"]) for answer in (lost, again)]
    assert claims[0]["jti"] == claims[1]["jti"]
    assert refresh(api, again.data["refresh"]).status_code == 200
    assert TokenFamily.objects.count() == 1


def test_a_log_in_ends_some_day_however_often_it_is_refreshed(api: APIClient) -> None:
    pair = issue_tokens(make_user())
    TokenFamily.objects.update(began_at=timezone.now() - timedelta(days=89))
    again = refresh(api, pair.refresh)
    left = claims_in(again.data["refresh"])["exp"] - time.time()
    assert left <= 24 * 60 * 60


def test_a_thief_who_is_as_quick_as_the_owner_is_found_out_at_the_next_trade(
    api: APIClient,
) -> None:
    first = issue_tokens(make_user())
    owner, thief = refresh(api, first.refresh), refresh(api, first.refresh)
    assert refresh(api, owner.data["refresh"]).status_code == 200
    let_time_pass(seconds=31)
    assert_problem(refresh(api, thief.data["refresh"]), 401, "token-refused")
    assert not TokenFamily.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_trades_of_one_token_at_once_have_the_same_successor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = issue_tokens(make_user())
    pairs = at_once(*[lambda: rotate_tokens(first.refresh, now=timezone.now())] * 4)
    assert {type(pair).__name__ for pair in pairs} == {"TokenPair"}
    assert len({claims_in(pair.refresh)["jti"] for pair in pairs}) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_one_of_two_trades_would_be_taken_for_a_theft(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control of the test above: both read the family before either has written it."""
    first = issue_tokens(make_user())
    both = threading.Barrier(2)

    def read(claims: Any) -> TokenFamily:
        family = TokenFamily.objects.select_related("user").get(pk=claims["sid"])
        both.wait(10)
        return family

    monkeypatch.setattr(tokens, "_lock_family", read)
    pairs = at_once(*[lambda: rotate_tokens(first.refresh, now=timezone.now())] * 2)
    assert len({claims_in(pair.refresh)["jti"] for pair in pairs}) == 2


def test_a_log_out_ends_the_refresh_token_and_the_access_token(api: APIClient) -> None:
    pair = issue_tokens(make_user())
    assert is_let_in(api, pair.access)
    for _ in range(2):
        assert api.post(reverse("logout"), {"refresh": pair.refresh}).status_code == 204
    assert_problem(refresh(api, pair.refresh), 401, "token-refused")
    assert_problem(api.get(reverse("profile"), headers=bearer(pair.access)), 401, "token-refused")


def test_a_log_out_leaves_other_log_ins_alone(api: APIClient) -> None:
    user = make_user()
    here, elsewhere = issue_tokens(user), issue_tokens(user)
    api.post(reverse("logout"), {"refresh": here.refresh})
    assert is_let_in(api, elsewhere.access)
    assert refresh(api, elsewhere.refresh).status_code == 200


def test_a_log_out_with_a_spent_token_ends_the_log_in_too(api: APIClient) -> None:
    first = issue_tokens(make_user())
    second = refresh(api, first.refresh)
    assert api.post(reverse("logout"), {"refresh": first.refresh}).status_code == 204
    assert not is_let_in(api, second.data["access"])


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
    token = make_token(claims_of_family(make_user()) | {"exp": int(time.time()) - 1})
    assert_problem(api.get(reverse("profile"), headers=bearer(token)), 401, "token-refused")


def test_each_kind_of_token_has_its_own_use(api: APIClient) -> None:
    pair = issue_tokens(make_user())
    assert_problem(api.get(reverse("profile"), headers=bearer(pair.refresh)), 401, "token-refused")
    assert_problem(api.post(reverse("refresh"), {"refresh": pair.access}), 401, "token-refused")


@pytest.mark.parametrize("text", ["x", "a.b.c", "é.é.é", "x" * 4_096])
def test_a_forged_refresh_token_is_refused(api: APIClient, text: str) -> None:
    assert_problem(api.post(reverse("refresh"), {"refresh": text}), 401, "token-refused")
    assert api.post(reverse("logout"), {"refresh": text}).status_code == 204


def test_an_expired_refresh_token_is_refused_and_forgotten(api: APIClient) -> None:
    pair = issue_tokens(make_user())
    TokenFamily.objects.update(expires_at=timezone.now())
    assert_problem(refresh(api, pair.refresh), 401, "token-refused")
    stays = issue_tokens(make_user())
    forget_old_tokens(now=timezone.now())
    assert TokenFamily.objects.count() == 1
    assert refresh(api, stays.refresh).status_code == 200


def test_the_name_can_be_changed_and_nothing_else(api: APIClient) -> None:
    user = make_user()
    api.force_authenticate(user)
    assert api.patch(reverse("profile"), {"name": "Ada L."}).data["name"] == "Ada L."
    assert_invalid(api.patch(reverse("profile"), {"is_staff": True}), "is_staff")
    assert_invalid(api.patch(reverse("profile"), {"name": " "}), "name")
    assert api.patch(reverse("profile"), {}).status_code == 200
    user.refresh_from_db()
    assert (user.name, user.is_staff) == ("Ada L.", False)
