"""Who calls, as far as it can be told without the database."""

from hashlib import blake2b
from typing import Any

from django.conf import settings

from evently.accounts.token_format import ACCESS, Claims, read_token
from evently.api.bearer import find_bearer_token

CLAIMS = "evently.claims"
# What a caller who is somebody shows one of.
SHOWN = frozenset({b"authorization", b"cookie"})


def claims_of(scope: Any) -> Claims | None:
    """The verified claims of the bearer's access token; None without a valid one.

    Read as Django's door reads it, once, then kept in the scope. Whether the log-in it comes from
    has ended meanwhile is for the database to say.
    """
    if CLAIMS not in scope:
        scope[CLAIMS] = _read(header_of(scope, b"authorization"))
    claims: Claims | None = scope[CLAIMS]
    return claims


def person_of(scope: Any) -> str:
    """Stands for the one person or browser that calls; empty for whoever shows nothing.

    A session is taken at its word: an invented one gets a budget of its own, and is nobody to the
    site. What strangers may do is limited by address.
    """
    if SHOWN.isdisjoint(dict(scope["headers"])):
        return ""
    if claims := claims_of(scope):
        return f"user:{claims['sub']}"
    if session := _cookie(scope, settings.SESSION_COOKIE_NAME.encode()):
        return f"session:{blake2b(session, digest_size=16).hexdigest()}"
    return ""


def header_of(scope: Any, wanted: bytes) -> bytes:
    """The header's first value; empty when there is none."""
    return next((value for name, value in scope["headers"] if name == wanted), b"")


def _read(header: bytes) -> Claims | None:
    token = find_bearer_token(header)
    return read_token(token, ACCESS) if token else None


def _cookie(scope: Any, wanted: bytes) -> bytes:
    for pair in header_of(scope, b"cookie").split(b";"):
        name, _, value = pair.strip().partition(b"=")
        if name == wanted:
            return value
    return b""
