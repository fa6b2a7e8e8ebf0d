"""Places in kept answers that show a state which changes all the time, such as seats that are left.

An answer says where these are (`Surrogate-Slots`). What changes is then written there, instead of
asking for the whole answer again: a rush on one event would have every list that shows it made anew
ten times a second.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from django.conf import settings
from django.utils import translation
from django.utils.module_loading import import_string


class Texts(NamedTuple):
    """What stands in the slots of one thing.

    Args:
        version: a higher one is newer.
        kind: whatever else the answer shows of the thing; with another one it is out of date.
        slots: in order.
        etag: of an answer that shows this thing alone and has a tag of its own.
    """

    version: int
    kind: str
    slots: list[bytes]
    etag: bytes


# Given a form, such as "html", and what was told of a thing: what its slots say now, in the active
# language. `settings.EDGE_SLOTS` names it: what there is to show is not for the edge to know.
Read = Callable[[str, bytes], Texts]


Span = tuple[int, int]


@dataclass(slots=True)
class Slots:
    """Those of one thing; `places` are their numbers among all slots of the answer."""

    form: str
    version: int
    kind: str
    places: list[int]


def write_header(slots: Iterable[tuple[str, str, int, str, list[Span]]]) -> str:
    """What an answer says: tag, form, version and kind of each thing, and where its slots begin and
    end, in bytes; in the order of the body.
    """
    return json.dumps(list(slots), separators=(",", ":"))


def read_header(header: bytes) -> tuple[list[Span], dict[str, Slots]]:
    """Where all slots begin and end, and what is in them by tag."""
    spans: list[Span] = []
    found: dict[str, Slots] = {}
    for tag, form, version, kind, its_own in json.loads(header or b"[]"):
        places = list(range(len(spans), len(spans) + len(its_own)))
        found[tag] = Slots(form, version, kind, places)
        spans += [(start, end) for start, end in its_own]
    return spans, found


def fill_in(body: bytes, spans: list[Span], texts: Mapping[int, bytes]) -> tuple[bytes, list[Span]]:
    """The body with new texts in some of its slots, and where all slots are now."""
    pieces: list[bytes] = []
    moved: list[Span] = []
    before = length = 0
    for place, (start, end) in enumerate(spans):
        text = texts.get(place, body[start:end])
        pieces += body[before:start], text
        length += start - before
        moved.append((length, length + len(text)))
        length += len(text)
        before = end
    return b"".join([*pieces, body[before:]]), moved


def read_news(form: str, news: bytes, language: str) -> Texts:
    """What the news says, in this language."""
    with translation.override(language):
        return _reader()(form, news)


@cache
def _reader() -> Read:
    read: Read = import_string(settings.EDGE_SLOTS)
    return read
