"""Every door decides alike about a token: gateway and express lane, Django, websockets."""

import time
from typing import Any

import jwt
import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from evently.accounts import token_format
from evently.accounts.models import User
from evently.accounts.token_format import audience, derive_key, issuer
from evently.accounts.tokens import issue_tokens, list_valid_callers
from evently.gateway import callers
from notifications.consumers import _owner_of
from tests.makers import make_user
from tests.tokens import claims_of_family, make_token, unsigned

pytestmark = pytest.mark.django_db

OTHER_SECRET = "a secret that nobody here has ever signed a token with"
NAMES = ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "nbf", "token_type", "admin"]
NOW = int(time.time())
# Longer than the tests take.
DAY = 86_400
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(NOW - 5_000, NOW + 5_000),
    st.floats(),
    st.sampled_from([10**18, 10**400, 1e308, -1, str(NOW + 600), f"{NOW + 600}", "", "access"]),
    st.text(max_size=40),
    st.lists(st.text(max_size=5), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
HEADERS = st.sampled_from(
    [
        '{"alg":"HS256","typ":"JWT"}',
        '{"typ":"JWT","alg":"HS256"}',
        '{"alg":"HS256","typ":"JWT","kid":"../../dev/null"}',
        '{"alg":"HS256"}',
        '{"alg":"hs256","typ":"JWT"}',
        '{"alg":"HS512","typ":"JWT"}',
        '{"alg":"none","typ":"JWT"}',
        '{"alg":"RS256","typ":"JWT"}',
        '{"alg":"HS256","typ":"at+jwt"}',
        '{"alg":"HS256","alg":"none","typ":"JWT"}',
        '{"alg":"HS256","typ":"JWT","crit":["exp"]}',
        '{"alg":"HS256","typ":"JWT","jwk":{"kty":"oct","k":""}}',
        "[]",
        "",
    ]
)


def doors(token: str) -> dict[str, bool]:
    """Who lets the bearer in."""
    header = f"Bearer {token}"
    claims = callers.claims_of({"headers": [(b"authorization", header.encode())]})
    profile = Client().get(reverse("profile"), headers={"Authorization": header})
    assert profile.status_code in {200, 401}
    return {
        "gateway and lane": claims is not None and list_valid_callers([claims]) == [True],
        "Django": profile.status_code == 200,
        "websocket": _owner_of(token.encode()) is not None,
    }


def is_let_in(token: str) -> bool:
    said = doors(token)
    assert len(set(said.values())) == 1, said
    return said["Django"]


def is_good_to_a_library(token: str) -> bool:
    """By PyJWT, which knows nothing of ours; told the rules of RFC 7519 that we keep."""
    try:
        jwt.decode(
            token,
            derive_key(configured.TOKEN_KEY),
            algorithms=["HS256"],
            issuer=issuer(),
            audience=audience(),
            # The time of issue is told and not judged (§4.1.6): clocks differ.
            options={"require": ["exp", "sub", "jti", "iss", "aud"], "verify_iat": False},
        )
    except (jwt.InvalidTokenError, OverflowError):
        return False
    return True


@given(
    changes=st.dictionaries(st.sampled_from(NAMES), ODD, max_size=2),
    missing=st.sets(st.sampled_from(NAMES), max_size=1),
    header=HEADERS,
    twice=st.sampled_from(["", *NAMES]),
    is_ours=st.booleans(),
)
@example(changes={}, missing=set(), header='{"alg":"HS256","typ":"JWT"}', twice="", is_ours=True)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_all_doors_decide_alike_and_never_more_kindly_than_a_library(
    odd_family: dict[str, Any],
    changes: dict[str, Any],
    missing: set[str],
    header: str,
    twice: str,
    is_ours: bool,
) -> None:
    claims = {name: value for name, value in (odd_family | changes).items() if name not in missing}
    text = jwt.PyJWT()._encode_payload(claims).decode()
    if twice:
        text = f'{{"{twice}":0,{text[1:]}' if text != "{}" else "{}"
    key = None if is_ours else derive_key(OTHER_SECRET)
    token = make_token(text, header=header, key=key)
    if is_let_in(token):
        assert is_good_to_a_library(token)


@pytest.fixture
def odd_family() -> dict[str, Any]:
    return claims_of_family(make_user())


@pytest.mark.parametrize(
    ("changes", "is_good"),
    [
        ({}, True),
        ({"more": "than we know"}, True),
        ({"exp": NOW + DAY + 0.5}, True),
        ({"nbf": NOW - 600}, True),
        ({"nbf": NOW + DAY}, False),
        ({"nbf": "soon"}, False),
        ({"nbf": True}, False),
        ({"exp": NOW - 1}, False),
        ({"exp": str(NOW + DAY)}, False),
        ({"exp": True}, False),
        ({"exp": None}, False),
        ({"exp": float("inf")}, False),
        ({"exp": float("nan")}, False),
        ({"exp": 10**400}, False),
        ({"iss": "https://other.example"}, False),
        ({"aud": "https://other.example/api"}, False),
        ({"aud": ["https://other.example/api"]}, False),
        ({"token_type": "refresh"}, False),
        ({"token_type": None}, False),
        ({"sub": "nobody"}, False),
        ({"sub": "01a2058a-7abd-755f-8b80-7c2536487ee3"}, False),
        ({"sid": "01a2058a-7abd-755f-8b80-7c2536487ee3"}, False),
        ({"sid": 7}, False),
        ({"jti": None}, False),
    ],
)
def test_odd_claims(odd_family: dict[str, Any], changes: dict[str, Any], is_good: bool) -> None:
    assert is_let_in(make_token(odd_family | changes)) == is_good


@pytest.mark.parametrize("missing", ["iss", "aud", "sub", "sid", "jti", "exp", "token_type"])
def test_a_claim_that_is_missing(odd_family: dict[str, Any], missing: str) -> None:
    del odd_family[missing]
    assert not is_let_in(make_token(odd_family))


def test_nobody_gets_in_without_a_signature(odd_family: dict[str, Any]) -> None:
    good = make_token(odd_family)
    signed, _, signature = good.rpartition(".")
    for token in (
        unsigned(odd_family),
        f"{signed}.",
        signed,
        f"{signed}.{signature[:-1]}",
        f"{good}A",
        f"{good}=",
        f"{signed}e.{signature}",
        make_token(odd_family, key=derive_key(OTHER_SECRET)),
        make_token(odd_family, key=configured.TOKEN_KEY.encode()),
        make_token(odd_family, key=configured.SECRET_KEY.encode()),
        make_token("[" * 1_000),
        make_token("\u00e9"),
        make_token([]),  # type: ignore[arg-type]
    ):
        assert not is_let_in(token), token
    assert is_let_in(good)


def test_the_last_of_two_claims_of_one_name_counts(odd_family: dict[str, Any]) -> None:
    """RFC 7519 §4: refused, or the last one."""
    text = jwt.PyJWT()._encode_payload(odd_family).decode()
    assert is_let_in(make_token(f'{{"exp":1,{text[1:]}'))
    assert not is_let_in(make_token(f'{text[:-1]},"exp":1}}'))


def test_a_token_names_its_issuer_and_whom_it_is_for(settings: Settings) -> None:
    settings.SITE_URL = "https://tickets.example.com/"
    claims = jwt.decode(
        issue_tokens(make_user()).access, options={"verify_signature": False}, algorithms=["HS256"]
    )
    assert claims["iss"] == "https://tickets.example.com"
    assert claims["aud"] == "https://tickets.example.com/api"


def test_a_token_of_another_site_with_the_same_key_is_refused(settings: Settings) -> None:
    settings.SITE_URL = "https://staging.example.com"
    token = issue_tokens(make_user()).access
    assert is_let_in(token)
    settings.SITE_URL = "https://tickets.example.com"
    assert not is_let_in(token)


# --- Keys -----------------------------------------------------------------------------------------


def test_a_former_key_still_verifies_and_signs_nothing(settings: Settings) -> None:
    user = make_user()
    before = issue_tokens(user).access
    settings.TOKEN_KEY, former = OTHER_SECRET, settings.TOKEN_KEY
    assert not is_let_in(before)
    settings.TOKEN_KEY_FALLBACKS = [former]
    assert is_let_in(before)
    after = issue_tokens(user).access
    settings.TOKEN_KEY_FALLBACKS = []
    assert is_let_in(after)


def test_the_key_of_tokens_is_not_the_secret_that_it_comes_from() -> None:
    secret = "what signs sessions"
    assert derive_key(secret) != secret.encode()
    assert len(derive_key(secret)) == 32
    assert derive_key(secret) == derive_key(secret)


def test_our_own_tokens_are_read_without_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    token = issue_tokens(make_user()).access
    monkeypatch.setattr(token_format, "jwt", None)
    assert is_let_in(token)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_written_in_any_case(scheme: str) -> None:
    """RFC 9110 §11.1."""
    header = f"{scheme} {issue_tokens(make_user()).access}"
    assert callers.claims_of({"headers": [(b"authorization", header.encode())]})
    assert Client().get(reverse("profile"), headers={"Authorization": header}).status_code == 200


def test_what_ends_a_log_in_ends_it_at_every_door() -> None:
    def inactive(user: User) -> None:
        User.objects.filter(pk=user.pk).update(is_active=False)

    def other_password(user: User) -> None:
        User.objects.filter(pk=user.pk).update(password="another")

    def gone(user: User) -> None:
        user.delete()

    def logged_out(user: User) -> None:
        user.token_families.all().delete()

    for end in (inactive, other_password, gone, logged_out):
        user = make_user()
        token = issue_tokens(user).access
        assert is_let_in(token)
        end(user)
        assert not is_let_in(token), end.__name__
