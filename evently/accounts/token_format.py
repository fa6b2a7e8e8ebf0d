"""The form of our tokens: JSON Web Tokens (RFC 7519), signed with HMAC-SHA256 (RFC 7518 §3.2).

Every door reads them with the one reader here, so all decide alike. It takes only what `sign`
makes: a rush brings thousands of tokens a second, each for the first time, and a general library
takes ten times as long. What the reader accepts such a library accepts too; a test compares them.
"""

import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from time import time
from typing import Any, NamedTuple, NoReturn, TypeGuard
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

ACCESS, REFRESH = "access", "refresh"
ALGORITHM = "HS256"
HEADER = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=") + b"."
KEY_LABEL = b"evently access and refresh tokens, 1"
LONGEST_BYTES = 2_048
# The end of the year 9999, the last that programs agree on.
LATEST = 253_402_300_799
IS_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Claims = Mapping[str, Any]


class Trust(NamedTuple):
    """Whose tokens are read, for whom, and the keys that verify them: the first one signs."""

    issuer: str
    audience: str
    keys: list[bytes]


@lru_cache(maxsize=1)
def _trust() -> Trust:
    """By the settings, which are slow to ask for each token of a rush."""
    secrets = (settings.TOKEN_KEY, *settings.TOKEN_KEY_FALLBACKS)
    return Trust(issuer(), audience(), [derive_key(secret) for secret in secrets])


@receiver(setting_changed)
def _forget_trust(**_: Any) -> None:
    _trust.cache_clear()


def sign(
    kind: str, *, owner: UUID, family: UUID, name: UUID, issued_at: datetime, expires_at: datetime
) -> str:
    """A token of this kind (`ACCESS` or `REFRESH`).

    Args:
        owner: the account it stands for (`sub`).
        family: the log-in it comes from (`sid`).
        name: its own id (`jti`).
    """
    claims = {
        "iss": issuer(),
        "aud": audience(),
        "sub": str(owner),
        "sid": str(family),
        "jti": str(name),
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "token_type": kind,
    }
    return jwt.encode(claims, _trust().keys[0], ALGORITHM)


def read_token(token: bytes, kind: str) -> Claims | None:
    """The claims of a good token of this kind; None for every other one.

    Good means: signed with one of our keys (RFC 7515 §5.2), issued by this site for this API, not
    expired, and not for later use only (RFC 7519 §4.1). Whether its log-in has ended meanwhile is
    for the database to say: `evently.accounts.tokens`.
    """
    signed, _, signature = token.rpartition(b".")
    if len(token) > LONGEST_BYTES or not signed.startswith(HEADER):
        return None
    if not any(_matches(key, signed, signature) for key in _trust().keys):
        return None
    try:
        claims = DECODER.decode(urlsafe_b64decode(signed[len(HEADER) :] + b"==").decode())
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) and _hold(claims, kind) else None


def issuer() -> str:
    return settings.SITE_URL.rstrip("/")


def audience() -> str:
    return f"{issuer()}/api"


def derive_key(secret: str) -> bytes:
    """A key for tokens alone from a secret that serves other ends as well (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=KEY_LABEL).derive(secret.encode())


def _hold(claims: Claims, kind: str) -> bool:
    now, trust = time(), _trust()
    return (
        claims.get("token_type") == kind
        and claims.get("iss") == trust.issuer
        and claims.get("aud") == trust.audience
        and _is_time(expires_at := claims.get("exp"))
        and now < expires_at <= LATEST
        and ("nbf" not in claims or (_is_time(claims["nbf"]) and claims["nbf"] <= now))
        and all(_is_id(claims.get(claim)) for claim in ("sub", "sid", "jti"))
    )


def _is_time(value: Any) -> TypeGuard[float]:
    """Whether it is a NumericDate (RFC 7519 §2); True is a number to Python alone."""
    return type(value) in {int, float}


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and IS_ID.fullmatch(value) is not None


def _matches(key: bytes, signed: bytes, signature: bytes) -> bool:
    expected = urlsafe_b64encode(hmac.digest(key, signed, "sha256")).rstrip(b"=")
    return hmac.compare_digest(expected, signature)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
