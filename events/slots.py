"""Where answers show how many seats of an event are left, for the edge cache to keep that right.

See `evently.gateway.edge.slots`. What is written here is what the templates of cards and of event
pages write, and the shape of events in the API; an answer in which it is not found has no slots.
"""

from collections.abc import Iterable
from hashlib import blake2b

from django.http import HttpResponse
from django.utils.html import escape
from rest_framework.response import Response

from evently.gateway.edge.slots import Texts, write_header
from evently.money import amount_text
from evently.purging import tag_of_event
from evently.site.templatetags.show import sale_state, seats_left
from events.facts import EventStateChanged
from events.live.messages import read_seats_text
from events.models import Event

HTML, JSON = "html", "json"


def mark_slots(response: HttpResponse, events: Iterable[Event]) -> None:
    """Say where the answer shows the seats of these events, which are in its order."""
    if isinstance(response, Response) and not response.is_rendered:
        response.add_post_render_callback(lambda rendered: _mark(rendered, JSON, events))
    else:
        _mark(response, HTML, events)


def read_news(form: str, news: bytes) -> Texts:
    """What an answer of this form says of an event that was told of by `live.messages`."""
    return _texts(form, read_seats_text(news))


def _mark(response: HttpResponse, form: str, events: Iterable[Event]) -> None:
    found, place = [], 0
    for event in events:
        texts = _texts(form, EventStateChanged.of(event))
        spans = _find(response.content, texts.slots, begin=_begin(form, event), after=place)
        if spans:
            place = spans[-1][1]
            found.append((tag_of_event(event.pk), form, texts.version, texts.kind, spans))
    response.headers["Surrogate-Slots"] = write_header(found)


def _begin(form: str, event: Event) -> bytes:
    """Where the event's part of the answer begins."""
    return (f'data-event="{event.pk}"' if form == HTML else f'{{"id":"{event.pk}"').encode()


def _find(body: bytes, slots: list[bytes], *, begin: bytes, after: int) -> list[tuple[int, int]]:
    """Where the slots begin and end; nothing unless all of them are there."""
    spans = []
    place = body.find(begin, after)
    for slot in slots:
        place = body.find(slot, place) if place >= 0 else -1
        spans.append((place, place + len(slot)))
    return spans if place >= 0 else []


def _texts(form: str, state: EventStateChanged) -> Texts:
    slots = _html_slots(state) if form == HTML else _json_slots(state)
    return Texts(
        version=state.version,
        kind=_kind(state),
        slots=[slot.encode() for slot in slots],
        etag=f'"{state.version}"'.encode(),
    )


def _html_slots(state: EventStateChanged) -> list[str]:
    return [
        f'data-version="{state.version}"',
        f'value="{state.capacity - state.available_seats}"',
        f'data-show="seats">{escape(seats_left(state))}<',
    ]


def _json_slots(state: EventStateChanged) -> list[str]:
    return [f'"available_seats":{state.available_seats},', f'"version":{state.version},']


def _kind(state: EventStateChanged) -> str:
    """All that is shown of an event's sale besides the slots."""
    shown = (
        sale_state(state),
        state.capacity,
        amount_text(state.price, state.currency),
        state.currency,
        state.status,
        state.ends_at,
        state.sales_start_at,
        state.sales_end_at,
        state.name,
        state.venue,
        state.starts_at,
        state.timezone,
        state.max_per_booking,
    )
    return blake2b(repr(shown).encode(), digest_size=6).hexdigest()
