"""Which requests are plain enough for the lane; all others are for Django's door to judge."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from asgiref.typing import HTTPScope
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from evently.api.repeats import KEY
from evently.ids import UUID_TEXT
from evently.languages import choose_language
from events.models import MAX_CAPACITY

PATH = "/api/v1/bookings"
MOST_BYTES = 1024
LENGTH = re.compile(r"[0-9]{1,4}")
IS_KEY = re.compile(KEY)
JSON_TYPES = {
    "application/json",
    "application/json; charset=utf-8",
    "application/json;charset=utf-8",
}
ACCEPTED = {
    "",
    "*/*",
    "application/json",
    "application/json, */*",
    "application/json, text/plain, */*",
}
# Headers by which Django's door would do something that the lane does not.
NOT_FOR_US = {b"cookie", b"transfer-encoding", b"content-encoding"}
HEARD = {
    b"accept",
    b"accept-language",
    b"authorization",
    b"content-length",
    b"content-type",
    b"host",
    b"idempotency-key",
    b"origin",
    b"x-forwarded-proto",
}
# What nearly all programs send: the two names once each, in either order, nothing escaped.
EVENT = rf'"event_id" : "(?P<event>{UUID_TEXT})"'
SEATS = r'"quantity" : (?P<seats>[1-9][0-9]{0,8})'
WISHES = [
    re.compile(shape.replace(" ", r"[ \t\r\n]*").encode())
    for shape in (rf" {{ {EVENT} , {SEATS} }} ", rf" {{ {SEATS} , {EVENT} }} ")
]


@dataclass(frozen=True, slots=True)
class Head:
    """What the headers of a plain request say.

    Args:
        language: the one of ours that the person gets.
        origin: of the page that asks; empty for programs.
    """

    language: str
    idempotency_key: str | None
    origin: str


def read_head(scope: HTTPScope) -> Head | None:
    """The headers of a request for the lane; None when it is for Django's door."""
    if scope["path"] != PATH or scope["method"] != "POST" or scope["query_string"]:
        return None
    found = _headers(scope)
    if found is None or not _is_plain(found, scope["scheme"]):
        return None
    return Head(
        language=choose_language(found.get(b"accept-language", "")),
        idempotency_key=found.get(b"idempotency-key"),
        origin=found.get(b"origin", ""),
    )


def read_wish(body: bytes) -> tuple[UUID, int] | None:
    """The event and the number of seats; None when Django's door is to say what is wrong."""
    found = next(filter(None, (shape.fullmatch(body) for shape in WISHES)), None)
    if found is None or int(found["seats"]) > MAX_CAPACITY:
        return None
    return UUID(found["event"].decode()), int(found["seats"])


def _headers(scope: HTTPScope) -> dict[bytes, str] | None:
    """Those that matter here; None when one stands twice or is not for us."""
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in HEARD:
            if name in found:
                return None
            found[name] = value.decode("latin1")
        elif name in NOT_FOR_US:
            return None
    return found


def _is_plain(found: dict[bytes, str], scheme: str) -> bool:
    length, key = found.get(b"content-length", ""), found.get(b"idempotency-key")
    return (
        LENGTH.fullmatch(length) is not None
        and int(length) <= MOST_BYTES
        and found.get(b"content-type", "").lower() in JSON_TYPES
        and found.get(b"accept", "") in ACCEPTED
        and (key is None or IS_KEY.fullmatch(key) is not None)
        and _is_our_host(found.get(b"host", ""))
        and (not settings.SECURE_SSL_REDIRECT or _is_secure(found, scheme))
    )


@lru_cache(maxsize=256)
def _is_our_host(host: str) -> bool:
    name = split_domain_port(host)[0]
    return bool(name) and validate_host(name, settings.ALLOWED_HOSTS)


def _is_secure(found: dict[bytes, str], scheme: str) -> bool:
    """As Django's own `is_secure` says."""
    trusted: Any = settings.SECURE_PROXY_SSL_HEADER
    if trusted and b"x-forwarded-proto" in found:
        return bool(found[b"x-forwarded-proto"].split(",")[0].strip() == trusted[1])
    return scheme == "https"
