"""Parts of pages that are more than a text: QR codes, structured data, links of the navigation."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from threading import Lock
from typing import Any
from urllib.parse import urlencode

import segno
from cachetools import LRUCache
from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from evently.site.templatetags.show import at, sale_state

register = template.Library()

CARDS_KEPT = 2_000
_cards: LRUCache[tuple[Any, ...], SafeString] = LRUCache(CARDS_KEPT)
_cards_lock = Lock()

QR = '<svg class="qr" viewBox="0 0 {size} {size}" aria-hidden="true"><path d="{path}"/></svg>'
# As `django.utils.html.json_script` does it: no text can end the element or open a comment.
UNSAFE = {ord(sign): f"\\u{ord(sign):04X}" for sign in "<>&"}


@register.simple_tag
def event_card(event: Any) -> SafeString:
    """An event as it stands in the catalogue.

    Kept in the process: a list whose seats move shows mostly cards that were drawn before. The
    version of an event changes with all that is drawn of it, but for what time does to its sale.
    """
    key = (event.pk, event.version, sale_state(event), get_language())
    with _cards_lock:
        card = _cards.get(key)
    if card is None:
        card = render_to_string("pieces/card.html", {"event": event})
        with _cards_lock:
            _cards[key] = card
    return card


@register.filter
def qr(text: str) -> SafeString:
    """A QR code (ISO 18004, level M) as an inline drawing in modules of one unit, without margin.

    It takes its colour and size from the style sheet; the element around it names what it leads to.
    """
    rows = list(segno.make_qr(text, error="m").matrix)
    path = "".join(_runs(y, row) for y, row in enumerate(rows))
    return format_html(QR, size=len(rows), path=path)


@register.filter
def structured(document: Mapping[str, Any]) -> SafeString:
    """A schema.org document as JSON-LD. It is data: no browser runs it."""
    text = json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False).translate(UNSAFE)
    script = f'<script type="application/ld+json">{text}</script>'
    return mark_safe(script)  # noqa: S308 (escaped in the line above)


@dataclass(frozen=True, slots=True)
class Problem:
    """A sentence about a form; `target` is the id of the field it is about, if there is one."""

    text: str
    label: str = ""
    target: str = ""


@register.filter
def problems(form: Any) -> list[Problem]:
    """All that is wrong with a form, in the order of its fields: for the summary above it."""
    return [*(Problem(str(text)) for text in form.non_field_errors()), *field_problems(form)]


@register.filter
def field_problems(form: Any) -> list[Problem]:
    """What is wrong with the fields of a form, in their order."""
    return [
        Problem(str(text), str(field.label), "" if field.is_hidden else field.id_for_label)
        for field in form
        for text in field.errors
    ]


@register.simple_tag
def moment(instant: datetime, zone: str) -> SafeString:
    """An instant on the event's clocks; `live.js` writes the visitor's beside it."""
    return format_html(
        '<time datetime="{}" data-zone="{}">{}</time> <span class="soft" data-visitor-time></span>',
        instant.isoformat(),
        zone,
        at(instant, zone),
    )


@register.simple_tag(takes_context=True)
def absolute(context: template.Context, path: str) -> str:
    """The whole address of a path of this site."""
    return str(context["request"].build_absolute_uri(path))


@register.simple_tag(takes_context=True)
def absolute_static(context: template.Context, name: str) -> str:
    """The whole address of a static file."""
    return absolute(context, static(name))


@register.simple_tag(takes_context=True)
def link_to(context: template.Context, name: str, label: str) -> SafeString:
    """A link of the navigation, which says when it leads to the page that is shown."""
    address = reverse(name)
    request = context.get("request")
    is_here = request and request.path == address
    current = mark_safe(' aria-current="page"') if is_here else ""
    return format_html('<a href="{}"{}>{}</a>', address, current, label)


@register.simple_tag(takes_context=True)
def way_in(context: template.Context, name: str, label: str) -> SafeString:
    """A link to log in or sign up, which leads back here afterwards."""
    request, address = context["request"], reverse(name)
    if request.path.startswith("/accounts/"):
        return link_to(context, name, label)
    back = urlencode({"next": request.get_full_path()})
    return format_html('<a href="{}?{}">{}</a>', address, back, label)


@register.simple_tag
def shown_when(state: str, states: str) -> SafeString:
    """Attributes of a piece for some states of the sale; `live.js` shows and hides it later."""
    hidden = "" if state in states.split() else mark_safe(" hidden")
    return format_html('data-when="{}"{}', states, hidden)


def _runs(y: int, row: Iterable[int]) -> str:
    """The dark runs of a row of modules, as parts of a path."""
    parts, x = [], 0
    for is_dark, modules in groupby(row):
        length = len(list(modules))
        if is_dark:
            parts.append(f"M{x} {y}h{length}v1h-{length}z")
        x += length
    return "".join(parts)
