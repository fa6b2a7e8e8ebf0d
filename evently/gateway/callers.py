"""Who calls, as far as it can be told without the database."""

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


def bearer_of(scope: Any) -> str:
    """Stands for the person whose valid access token came along; empty without one."""
    claims = claims_of(scope)
    return f"user:{claims['sub']}" if claims else ""


def session_key_of(scope: Any) -> str:
    """The session that the cookie names, if there is one: anybody can write any key there."""
    return _cookie(scope, settings.SESSION_COOKIE_NAME.encode()).decode("latin1")


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
