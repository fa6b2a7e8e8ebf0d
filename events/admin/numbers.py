"""Where the seats of one event are: the inventory equation, as a bar, as tiles and in words."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _now

from evently.site.templatetags.show import number
from events.errors import claim_words
from events.inventory import count_claims
from events.models import Event


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the capacity; `begin` is the number of seats in the segments before it."""

    name: str
    label: str
    seats: int
    begin: int


def seat_numbers(event: Event) -> dict[str, Any]:
    """The segments of the event's capacity, recounted from rows, and whether they add up."""
    segments = _segments(event)
    total = sum(segment.seats for segment in segments)
    return {
        "segments": segments,
        "adds_up": total == event.capacity,
        "equation": _equation(segments, total, event.capacity),
    }


def _segments(event: Event) -> list[Segment]:
    claims = count_claims([event.pk])[event.pk]
    seats = {name: claims[name] for name in ("confirmed", "held", "offered")}
    words = claim_words()
    segments, begin = [], 0
    for name, count in (seats | {"available": event.available_seats}).items():
        segments.append(Segment(name, words[name], count, begin))
        begin += count
    return segments


def _equation(segments: list[Segment], total: int, capacity: int) -> str:
    told = " + ".join(f"{number(segment.seats)} {segment.label}" for segment in segments)
    if total == capacity:
        return _now("%(told)s = %(total)s, the capacity.") % {"told": told, "total": number(total)}
    return _now(
        "%(told)s = %(total)s, but the capacity is %(capacity)s. Tell Evently's staff at once."
    ) % {"told": told, "total": number(total), "capacity": number(capacity)}
