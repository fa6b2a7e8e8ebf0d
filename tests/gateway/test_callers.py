"""Tokens are read fast where they are our own, and always with the verdict of the library."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from evently.gateway import callers

OTHER_KEY = "another key that nobody here has ever signed a token with"


def signed(key: str = "", header: dict[str, str] | None = None, **changes: Any) -> str:
    """A token with some claims changed; None takes a claim out."""
    claims = _good().payload | changes
    said = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(said, key or api_settings.SIGNING_KEY, "HS256", headers=header)


def unsigned() -> str:
    parts = (b'{"alg":"none","typ":"JWT"}', json.dumps(_good().payload).encode(), b"")
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def expired() -> str:
    token = _good()
    token.set_exp(from_time=timezone.now(), lifetime=timedelta(seconds=-1))
    return str(token)


def _good() -> AccessToken:
    token = AccessToken()
    token[api_settings.USER_ID_CLAIM] = "01a2058a-7abd-755f-8b80-7c2536487ee3"
    return token


TOKENS: dict[str, Callable[[], str]] = {
    "good": lambda: str(_good()),
    "good, signed by another program": lambda: signed(header={"typ": "JWT", "kid": "1"}),
    "expired": expired,
    "without expiry": lambda: signed(exp=None),
    "without kind": lambda: signed(token_type=None),
    "refresh": lambda: str(RefreshToken()),
    "of another key": lambda: signed(OTHER_KEY),
    "cut off": lambda: str(_good())[:-1],
    "with something added": lambda: f"{_good()}A",
    "with another payload": lambda: f"{signed().rpartition('.')[0]}e.{signed().rpartition('.')[2]}",
    "unsigned": unsigned,
    "no token": lambda: "a.b.c",
    "empty parts": lambda: "..",
}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_is_judged_as_the_library_judges_it(kind: str) -> None:
    token = TOKENS[kind]()
    scope = {"headers": [(b"authorization", f"Bearer {token}".encode())]}
    assert callers.claims_of(scope) == claims_by_the_library(token)
    assert (callers.claims_of(scope) is not None) == kind.startswith("good")


def claims_by_the_library(token: str) -> dict[str, Any] | None:
    try:
        return AccessToken(token).payload  # type: ignore[arg-type]
    except TokenError:
        return None


def test_our_own_good_tokens_do_not_need_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    token = str(_good())
    monkeypatch.setattr(callers, "AccessToken", None)
    scope = {"headers": [(b"authorization", f"Bearer {token}".encode())]}
    assert callers.claims_of(scope)
