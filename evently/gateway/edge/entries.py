"""Answers as they are kept: ready to send, in one or two encodings."""

import gzip
import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from asgiref.typing import ASGISendCallable

from evently.gateway.edge.questions import Headers
from evently.gateway.edge.slots import fill_in, read_header, read_news
from evently.purging import EVERYTHING, News, unpack

RawHeaders = list[tuple[bytes, bytes]]

CONTROL, TAGS, SLOTS = b"surrogate-control", b"surrogate-key", b"surrogate-slots"
SAID_TO_THE_EDGE = frozenset({CONTROL, TAGS, SLOTS})
MAX_AGE = re.compile(rb"max-age=(\d{1,9})")
NEVER = re.compile(rb"q=0(\.0*)?")
LARGEST_BODY_BYTES = 512 * 1024
WORTH_PACKING_BYTES = 1_024
PACKING_LEVEL = 5
PACKED_AT_BEST = 3
# What is heard is written into an answer this often at most: then it is packed anew.
CATCH_UP_SECONDS = 0.25
PACKED_KINDS = (b"text/", b"application/json", b"application/xml", b"image/svg")
# What the answer is kept with besides its headers and bodies: index, question, objects.
OVERHEAD_BYTES = 3_000
# What each sending writes anew, and what is said to the edge alone.
REWRITTEN = frozenset({b"age", b"content-length", b"etag", b"vary"}) | SAID_TO_THE_EDGE
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


class Entry:
    """A kept answer, ready to be sent many times. Times are those of `time.monotonic`, in seconds.

    Args:
        born: when what it says was asked for.

    Attributes:
        purged_at: since when it is known to be out of date.
    """

    def __init__(self, answer: Answer, *, born: float) -> None:
        self.tags = answer.tags
        self.born = born
        self.lapses_at = born + answer.seconds
        self.purged_at: float | None = None
        self._body = answer.body
        self._spans, self._slots = read_header(answer.header(SLOTS))
        self._news: dict[str, tuple[float, News]] = {}
        self._caught_up_at = 0.0
        self._etag = answer.header(b"etag")
        self._may_be_packed = _may_be_packed(answer)
        self._headers = [pair for pair in answer.headers if pair[0] not in REWRITTEN]
        if vary := _vary(answer, is_packed=self._may_be_packed):
            self._headers.append((b"vary", vary))
        self._plain: Variant | None = None
        self._packed: Variant | None = None
        packed = len(answer.body) // PACKED_AT_BEST if self._may_be_packed else 0
        self.size = len(answer.body) + packed + OVERHEAD_BYTES

    def hear(self, tag: str, news: News | None, *, at: float) -> None:
        """Note that something it shows has changed: to what, or None where that was not told."""
        slots = self._slots.get(tag)
        if news is None or slots is None:
            self.purged_at = self.purged_at or at
            return
        known = self._news[tag][1].version if tag in self._news else slots.version
        if news.version > known:
            self._news[tag] = at, news

    def is_stale(self, since: float) -> bool:
        """Whether it was out of date by then."""
        return self.purged_at is not None and self.purged_at <= since

    def catch_up(self, language: str, *, now: float) -> None:
        """Write what was heard into the slots, some times a second."""
        if not self._news or now < self._caught_up_at + CATCH_UP_SECONDS:
            return
        changed: dict[int, bytes] = {}
        for tag, (at, news) in self._news.items():
            slots = self._slots[tag]
            texts = read_news(slots.form, news.state, language)
            if texts.kind != slots.kind:
                self.purged_at = self.purged_at or at
                continue
            changed |= zip(slots.places, texts.slots, strict=True)
            slots.version = texts.version
            self._etag = self._etag and texts.etag
        self._body, self._spans = fill_in(self._body, self._spans, changed)
        self._news.clear()
        self._caught_up_at = now
        self._plain = self._packed = None

    async def send_to(
        self, send: ASGISendCallable, *, method: str, headers: Headers, now: float
    ) -> None:
        """Answer a request with these headers: the body, none for HEAD, or 304."""
        variant = self._variant_for(headers)
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

    def _variant_for(self, headers: Headers) -> Variant:
        """In the encoding that is asked for, made when it is first wanted."""
        if self._plain is None:
            etag = self._etag or _digest(self._body)
            self._plain = _variant(self._headers, etag, self._body)
        accepted = headers.get(b"accept-encoding")
        if not (accepted and self._may_be_packed and takes_gzip(accepted[:200])):
            return self._plain
        if self._packed is None:
            self._packed = _packed_variant(self._headers, self._plain)
        return self._packed


def _digest(body: bytes) -> bytes:
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'.encode()


def _vary(answer: Answer, *, is_packed: bool) -> bytes:
    vary = answer.header(b"vary")
    if not is_packed:
        return vary
    return vary + b", Accept-Encoding" if vary else b"Accept-Encoding"


def _packed_variant(base: RawHeaders, plain: Variant) -> Variant:
    """With the same tag, as weak as RFC 9110 (8.8.1) wants it for several encodings.

    So whoever edits an event may name its version by either.
    """
    weak = b"W/" + plain.etag.removeprefix(b"W/")
    body = gzip.compress(plain.body, PACKING_LEVEL, mtime=0)
    return _variant([*base, (b"content-encoding", b"gzip")], weak, body)


def _variant(base: RawHeaders, etag: bytes, body: bytes) -> Variant:
    headers = [*base, (b"etag", etag), (b"content-length", b"%d" % len(body))]
    short = [(name, value) for name, value in headers if name in OF_A_304]
    return Variant(etag, headers, short, body)


def _may_be_packed(answer: Answer) -> bool:
    return (
        len(answer.body) >= WORTH_PACKING_BYTES
        and not answer.header(b"content-encoding")
        and answer.header(b"content-type").startswith(PACKED_KINDS)
    )


@lru_cache(maxsize=256)
def takes_gzip(accepted: bytes) -> bool:
    """Whether this Accept-Encoding takes gzip."""
    weights = {}
    for part in accepted.lower().replace(b" ", b"").split(b","):
        name, _, weight = part.partition(b";")
        weights[name] = weight
    return not NEVER.fullmatch(weights.get(b"gzip", weights.get(b"*", b"q=0")))
