"""What a visitor asks, as far as the answer depends on it; nothing that says who they are."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from asgiref.typing import HTTPScope
from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port
from django.urls import Resolver404, resolve

from evently.languages import choose_language

Headers = Mapping[bytes, bytes]

# Whoever sends one of these is known, wants a part, is another site's script, or sends a body.
SPECIAL = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"expect",
        b"if-match",
        b"if-unmodified-since",
        b"origin",
        b"range",
        b"transfer-encoding",
    }
)
LONGEST_QUERY_BYTES = 1_024
LONGEST_HEADER_BYTES = 500
LONGEST_COOKIES_BYTES = 4_096
# A media range of `Accept`, without parameters other than its weight.
PLAIN_RANGE = re.compile(rb"([^\s;,]+/[^\s;,]+)(?:\s*;\s*q=[\d.]+)?")


class Question(NamedTuple):
    """Equal questions have the same answer."""

    path: str
    query: bytes
    host: bytes
    scheme: str
    # What the balancer says of TLS, where that is believed.
    outer_scheme: bytes
    language: str
    accept: bytes
    # Of the site's own name, and of usual parameters alone: there are not many such questions.
    is_usual: bool


Parameters = Mapping[str, Collection[str] | None]


def question_of(scope: HTTPScope, headers: Headers) -> Question | None:
    """What is asked; None when the answer may be for this caller alone, or is not worth keeping.

    Args:
        headers: those of the scope, by name.
    """
    is_doubled = len(headers) != len(scope["headers"])  # type: ignore[arg-type]
    if is_doubled or not SPECIAL.isdisjoint(headers) or not _is_as_we_write_it(scope["path"]):
        return None
    query = _read_query(scope["path"], scope["query_string"])
    host, accept = headers.get(b"host"), _kind(headers.get(b"accept", b"*/*"))
    language = _language_of(headers)
    if query is None or not (host and accept and language):
        return None
    return Question(
        path=scope["path"],
        query=query.text,
        host=host,
        scheme=scope["scheme"],
        outer_scheme=headers.get(_outer_scheme_header(), b""),
        language=language,
        accept=accept,
        is_usual=query.is_usual and _is_usual_host(host),
    )


def canonical(scope: HTTPScope, question: Question) -> HTTPScope:
    """The request of anybody who asks this: without cookies, conditions, encodings and names."""
    headers = [
        (b"host", question.host),
        (b"accept", question.accept),
        (b"accept-language", question.language.encode()),
    ]
    if question.outer_scheme:
        headers.append((_outer_scheme_header(), question.outer_scheme))
    changes: Any = {
        "method": "GET",
        "query_string": question.query,
        "headers": headers,
        "extensions": {},
    }
    return {**scope, **changes}


@lru_cache(maxsize=4_096)
def public_parameters(path: str) -> Parameters | None:
    """What the view at this path was marked with (`evently.site.public`); None: it is not public.

    Of those who ask the edge: they have nothing of their own with them.
    """
    try:
        found: Parameters | None = getattr(resolve(path).func, "public_parameters", None)
    except Resolver404:
        return None
    return found


class _Query(NamedTuple):
    text: bytes
    is_usual: bool


def _read_query(path: str, query: bytes) -> _Query | None:
    """The parameters that matter, in one order; None when Django is to judge them."""
    return _parse_query(path, query) if query else _Query(b"", is_usual=True)


@lru_cache(maxsize=4_096)
def _parse_query(path: str, query: bytes) -> _Query | None:
    """A page goes by the last of several values, takes no value for none, and does not look at
    parameters that it does not know. The API refuses what is not exactly right, so only what is
    can be kept.
    """
    known = public_parameters(path)
    if known is None or len(query) > LONGEST_QUERY_BYTES or not query.isascii():
        return None
    pairs = parse_qsl(query.decode(), keep_blank_values=True)
    told = {name: value for name, value in dict(pairs).items() if name in known and value}
    if path.startswith("/api/") and len(told) < len(pairs):
        return None
    usual = all(value in (known[name] or ()) for name, value in told.items())
    return _Query(urlencode(sorted(told.items())).encode(), usual)


def _is_as_we_write_it(path: str) -> bool:
    """An id has a thousand spellings with capitals; they are understood, but not kept."""
    return path == path.lower()


@lru_cache(maxsize=256)
def _is_usual_host(host: bytes) -> bool:
    """A name of the site as it stands in the settings, at no other port than the site's."""
    name, port = split_domain_port(host.decode("latin1").lower())
    own = urlsplit(settings.SITE_URL)
    return name in {*settings.ALLOWED_HOSTS, own.hostname} and port in {"", str(own.port)}


@lru_cache(maxsize=1)
def _outer_scheme_header() -> bytes:
    """The header that tells whether the balancer was asked over TLS; no name when none does."""
    if not settings.SECURE_PROXY_SSL_HEADER:
        return b""
    name = settings.SECURE_PROXY_SSL_HEADER[0].removeprefix("HTTP_")
    return name.replace("_", "-").lower().encode()


def _language_of(headers: Headers) -> str | None:
    """The language that Django would choose; None when the cookies say more than a language."""
    wishes, written = headers.get(b"accept-language", b""), headers.get(b"cookie")
    if len(wishes) > LONGEST_HEADER_BYTES:
        return None
    if written is None:
        return choose_language(wishes.decode("latin1"))
    if len(written) > LONGEST_COOKIES_BYTES:
        return None
    cookies = parse_cookie(written.decode("latin1"))
    if settings.SESSION_COOKIE_NAME in cookies or CookieStorage.cookie_name in cookies:
        return None
    chosen = cookies.get(settings.LANGUAGE_COOKIE_NAME, "")
    return choose_language(wishes.decode("latin1"), chosen)


def _kind(accept: bytes) -> bytes | None:
    return _read_accept(accept) if len(accept) <= LONGEST_HEADER_BYTES else None


@lru_cache(maxsize=1_024)
def _read_accept(accept: bytes) -> bytes | None:
    """One of three headers that comes to the same; None for what only the views understand."""
    parts = [part.strip() for part in accept.split(b",")]
    plain = {found[1] for part in parts if (found := PLAIN_RANGE.fullmatch(part))}
    is_special = any(
        part.startswith((b"application/json", b"application/*", b"*/*"))
        and not PLAIN_RANGE.fullmatch(part)
        for part in parts
    )
    known = (kind for kind in (b"*/*", b"application/json", b"text/html") if kind in plain)
    return None if is_special else next(known, None)
