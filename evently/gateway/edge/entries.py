"""Answers as they are kept: ready to send, in one or two encodings."""

import gzip
import re
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from asgiref.typing import ASGISendCallable

from evently.gateway.edge.questions import Headers
from evently.purging import EVERYTHING, unpack

RawHeaders = list[tuple[bytes, bytes]]

CONTROL, TAGS = b"surrogate-control", b"surrogate-key"
MAX_AGE = re.compile(rb"max-age=(\d{1,9})")
NEVER = re.compile(rb"q=0(\.0*)?")
LARGEST_BODY_BYTES = 512 * 1024
WORTH_PACKING_BYTES = 1_024
PACKING_LEVEL = 5
PACKED_KINDS = (b"text/", b"application/json", b"application/xml", b"image/svg")
# What the answer is kept with besides its headers and bodies: index, question, objects.
OVERHEAD_BYTES = 3_000
# What each sending writes anew, and what is said to the edge alone.
REWRITTEN = frozenset({b"age", b"content-length", b"etag", b"vary", CONTROL, TAGS})
OF_A_304 = frozenset({b"cache-control", b"content-location", b"expires", b"etag", b"vary"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came from inside, whole."""

    status: int
    headers: RawHeaders
    body: bytes

    def header(self, wanted: bytes) -> bytes:
        """The values of one header, joined as HTTP says; empty without one."""
        return b", ".join(value for name, value in self.headers if name == wanted)

    @property
    def sets_cookies(self) -> bool:
        return bool(self.header(b"set-cookie"))

    @property
    def seconds(self) -> int:
        """How long it may be kept; 0: not at all."""
        if self.status != 200 or self.sets_cookies or len(self.body) > LARGEST_BODY_BYTES:
            return 0
        found = MAX_AGE.search(self.header(CONTROL))
        return int(found[1]) if found else 0

    @property
    def tags(self) -> frozenset[str]:
        return unpack(self.header(TAGS)) | {EVERYTHING}


@dataclass(frozen=True, slots=True)
class Variant:
    """The answer in one encoding."""

    etag: bytes
    headers: RawHeaders
    short_headers: RawHeaders
    body: bytes

    def is_known_to(self, header: bytes) -> bool:
        """Whether If-None-Match names it: compared weakly (RFC 9110, 13.1.2)."""
        mine = self.etag.removeprefix(b"W/")
        known = (tag.strip() for tag in header.split(b","))
        return any(tag == b"*" or tag.removeprefix(b"W/") == mine for tag in known)


@dataclass(slots=True, eq=False)
class Entry:
    """A kept answer. Times are those of `time.monotonic`, in seconds.

    Args:
        born: when what it says was asked for.
        purged_at: since when it is known to be out of date.
    """

    plain: Variant
    packed: Variant | None
    tags: frozenset[str]
    born: float
    lapses_at: float
    purged_at: float | None = field(default=None)

    @property
    def size(self) -> int:
        bodies = len(self.plain.body) + (len(self.packed.body) if self.packed else 0)
        return bodies + OVERHEAD_BYTES

    async def send_to(
        self, send: ASGISendCallable, *, method: str, headers: Headers, now: float
    ) -> None:
        """Answer a request with these headers: the body, none for HEAD, or 304."""
        variant = self.plain
        if self.packed and takes_gzip(headers.get(b"accept-encoding", b"")[:200]):
            variant = self.packed
        known = headers.get(b"if-none-match")
        status, told, body = 200, variant.headers, variant.body
        if known and variant.is_known_to(known):
            status, told, body = 304, variant.short_headers, b""
        told = [*told, (b"age", b"%d" % (now - self.born))]
        await send(
            {"type": "http.response.start", "status": status, "headers": told, "trailers": False}
        )
        body = b"" if method == "HEAD" else body
        await send({"type": "http.response.body", "body": body, "more_body": False})


def make_entry(answer: Answer, *, born: float) -> Entry:
    """The answer, ready to be sent many times."""
    zipped, etag = _zip(answer), answer.header(b"etag") or _digest(answer.body)
    base = [(name, value) for name, value in answer.headers if name not in REWRITTEN]
    if vary := _vary(answer, is_zipped=zipped is not None):
        base.append((b"vary", vary))
    return Entry(
        plain=_variant(base, etag, answer.body),
        packed=_packed_variant(base, etag, zipped) if zipped else None,
        tags=answer.tags,
        born=born,
        lapses_at=born + answer.seconds,
    )


def _digest(body: bytes) -> bytes:
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'.encode()


def _vary(answer: Answer, *, is_zipped: bool) -> bytes:
    vary = answer.header(b"vary")
    if not is_zipped:
        return vary
    return vary + b", Accept-Encoding" if vary else b"Accept-Encoding"


def _packed_variant(base: RawHeaders, etag: bytes, body: bytes) -> Variant:
    """With the same tag, as weak as RFC 9110 (8.8.1) wants it for several encodings.

    So whoever edits an event may name its version by either.
    """
    weak = b"W/" + etag.removeprefix(b"W/")
    return _variant([*base, (b"content-encoding", b"gzip")], weak, body)


def _variant(base: RawHeaders, etag: bytes, body: bytes) -> Variant:
    headers = [*base, (b"etag", etag), (b"content-length", b"%d" % len(body))]
    short = [(name, value) for name, value in headers if name in OF_A_304]
    return Variant(etag, headers, short, body)


def _zip(answer: Answer) -> bytes | None:
    kind = answer.header(b"content-type")
    if (
        len(answer.body) < WORTH_PACKING_BYTES
        or answer.header(b"content-encoding")
        or not kind.startswith(PACKED_KINDS)
    ):
        return None
    return gzip.compress(answer.body, PACKING_LEVEL, mtime=0)


@lru_cache(maxsize=256)
def takes_gzip(accepted: bytes) -> bool:
    """Whether this Accept-Encoding takes gzip."""
    weights = {}
    for part in accepted.lower().replace(b" ", b"").split(b","):
        name, _, weight = part.partition(b";")
        weights[name] = weight
    return not NEVER.fullmatch(weights.get(b"gzip", weights.get(b"*", b"q=0")))
