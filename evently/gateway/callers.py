"""Who calls, as far as it can be told without the database."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from time import time
from typing import Any

from django.conf import settings
from rest_framework_simplejwt.authentication import AUTH_HEADER_TYPE_BYTES
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken

CLAIMS = "evently.claims"
# What a caller who is somebody shows one of.
SHOWN = frozenset({b"authorization", b"cookie"})
OUR_HEADER = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=") + b"."


def claims_of(scope: Any) -> dict[str, Any] | None:
    """The verified claims of the bearer's access token; None without a valid one.

    By the rules of the API itself: signature, expiry and kind of token. Whether the person still
    exists and kept their password is for the database to say. Read once, then kept in the scope.
    """
    if CLAIMS not in scope:
        scope[CLAIMS] = _read(header_of(scope, b"authorization"))
    claims: dict[str, Any] | None = scope[CLAIMS]
    return claims


def bearer_of(scope: Any) -> str:
    """Stands for the person whose valid access token came along; empty without one."""
    claims = claims_of(scope)
    return f"user:{claims[api_settings.USER_ID_CLAIM]}" if claims else ""


def session_key_of(scope: Any) -> str:
    """The session that the cookie names, if there is one: anybody can write any key there."""
    return _cookie(scope, settings.SESSION_COOKIE_NAME.encode()).decode("latin1")


def header_of(scope: Any, wanted: bytes) -> bytes:
    """The header's first value; empty when there is none."""
    return next((value for name, value in scope["headers"] if name == wanted), b"")


def _read(header: bytes) -> dict[str, Any] | None:
    words = header.split()
    if len(words) != 2 or words[0] not in AUTH_HEADER_TYPE_BYTES:
        return None
    token = words[1]
    try:
        claims = _read_our_own(token) or AccessToken(token).payload  # type: ignore[arg-type]
    except TokenError:
        return None
    return claims if api_settings.USER_ID_CLAIM in claims else None


def _read_our_own(token: bytes) -> dict[str, Any] | None:
    """The claims of a good token in the very form that we issue; None leaves it to the library.

    A rush brings thousands of tokens a second, each for the first time, and the library takes ten
    times as long to come to the same result (RFC 7515 §5.2, RFC 7518 §3.2).
    """
    signed, _, signature = token.rpartition(b".")
    if not signed.startswith(OUR_HEADER) or api_settings.ALGORITHM != "HS256":
        return None
    expected = hmac.digest(api_settings.SIGNING_KEY.encode(), signed, "sha256")
    if not hmac.compare_digest(urlsafe_b64encode(expected).rstrip(b"="), signature):
        return None
    payload = signed[len(OUR_HEADER) :]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + b"=="))
    is_access = claims.get(api_settings.TOKEN_TYPE_CLAIM) == "access"
    return claims if is_access and claims.get("exp", 0) > time() else None


def _cookie(scope: Any, wanted: bytes) -> bytes:
    for pair in header_of(scope, b"cookie").split(b";"):
        name, _, value = pair.strip().partition(b"=")
        if name == wanted:
            return value
    return b""
