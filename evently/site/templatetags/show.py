"""How pages show money, times and the state of an event, in the reader's language."""

import re
import zlib
from copy import copy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import (
    format_date,
    format_datetime,
    format_skeleton,
    format_time,
    format_timedelta,
    get_timezone_location,
)
from babel.numbers import format_decimal
from django import template
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext, pgettext, to_locale

from evently.money import MAX_PLACES, amount_text, places_of

register = template.Library()

HUES = 12
# "CHF18.00": a currency whose sign is a word, and the number after it.
WORD_AND_NUMBER = re.compile(r"([^\W\d_])(?=\d)")
# Few seats are left: a tenth of them or this many, and never more than half of them.
FEW_SEATS = 5


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """The amount in the currency's own form, for example "€12.50"; nothing to pay is "Free".

    Between a word and a number stands a space that does not break, as CLDR asks and browsers do
    it (UTS 35, "Currencies": `currencySpacing`).
    """
    if not amount:
        return gettext("Free")
    locale, places = _locale(), places_of(currency)
    # The language's own form, but with the decimals of ISO 4217: CLDR has those of cash.
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (places, max(places, MAX_PLACES))
    told = pattern.apply(amount, locale, currency=currency, currency_digits=False)
    return WORD_AND_NUMBER.sub("\\1\N{NO-BREAK SPACE}", told)


register.filter("amount", amount_text)


@register.filter
def to_pay(amount: Decimal, currency: str) -> str:
    """What is to be paid, and where; nothing to pay is "Free"."""
    if not amount:
        return gettext("Free")
    return gettext("Pay %(amount)s at the door") % {"amount": money(amount, currency)}


@register.filter
def number(value: int) -> str:
    """The whole number with the language's separators: "1,800"."""
    return format_decimal(value, locale=_locale())


@register.filter
def hue(name: str) -> int:
    """The colour of a generated cover, always the same for a name: the number of a CSS class."""
    return zlib.crc32(name.encode()) % HUES


@register.filter
def local(instant: datetime, zone: str) -> datetime:
    """The instant on the clocks of a time zone."""
    return instant.astimezone(ZoneInfo(zone))


@register.filter
def in_form(moment: datetime, pattern: str) -> str:
    """Parts of a local time by a pattern of Unicode's CLDR, such as "EEE" for the short weekday."""
    return format_datetime(moment, pattern, locale=_locale())


@register.filter
def in_order(moment: datetime, skeleton: str) -> str:
    """Parts of a local time in the language's own order: "MMMd" is "Nov 29" or "29. Nov."."""
    return format_skeleton(skeleton, moment, locale=_locale())


@register.filter
def when(event: Any) -> str:
    """Start and end on the event's own clocks, and whose clocks these are."""
    start, end = local(event.starts_at, event.timezone), local(event.ends_at, event.timezone)
    return gettext("%(start)s – %(end)s, %(city)s time") % {
        "start": _moment(start),
        "end": _time(end) if end.date() == start.date() else _moment(end),
        "city": city(event.timezone),
    }


@register.filter
def at(instant: datetime, zone: str) -> str:
    """An instant on the clocks of a time zone, and whose clocks these are."""
    return gettext("%(moment)s, %(city)s time") % {
        "moment": _moment(local(instant, zone)),
        "city": city(zone),
    }


@register.filter
def brief(instant: datetime | None, zone: str) -> str:
    """An instant as the admin shows all of them: "Sun, Nov 29, 2026, 9:00 PM, Berlin time"."""
    if instant is None:
        return "–"
    moment = local(instant, zone)
    day = format_skeleton("yMMMEd", moment, locale=_locale())
    return gettext("%(moment)s, %(city)s time") % {
        "moment": f"{day}, {_time(moment)}",
        "city": city(zone),
    }


@register.filter
def duration(time: timedelta) -> str:
    """About how long: "24 hours", "10 minutes"."""
    whole = timedelta(minutes=max(1, round(time.total_seconds() / 60)))
    unit: Literal["hour", "minute"] = "hour" if whole >= timedelta(hours=1) else "minute"
    return format_timedelta(whole, granularity=unit, threshold=2, locale=_locale())


@register.filter
def starts(event: Any) -> str:
    """The weekday and time of the start on the event's own clocks, for a card."""
    start = local(event.starts_at, event.timezone)
    return f"{format_datetime(start, 'EEE', locale=_locale())} · {_time(start)}"


@register.filter
def sale_state(event: Any) -> str:
    """How the event stands for a visitor; also a CSS class, and a key of `chip_words`."""
    if event.status in {"draft", "cancelled"}:
        return str(event.status)
    now = timezone.now()
    if event.status == "completed" or event.ends_at <= now:
        return "past"
    return _state_of_sale(event, now)


def _state_of_sale(event: Any, now: datetime) -> str:
    """How the sale of an event stands that is published and not over."""
    if event.sale_ends_at <= now:
        return "closed"
    if event.sales_start_at and event.sales_start_at > now:
        return "soon"
    if not event.available_seats:
        return "sold-out"
    few = min(max(FEW_SEATS, event.capacity // 10), event.capacity / 2)
    return "few-left" if event.available_seats <= few else "on-sale"


@register.filter
def chip(state: str) -> str:
    """The words of a status chip."""
    return chip_words()[state]


@register.filter
def seats_left(event: Any) -> str:
    """The sentence beside the seat meter."""
    if not event.available_seats:
        return gettext("No seats left")
    words = ngettext(
        "%(left)s of %(capacity)s seat left", "%(left)s of %(capacity)s seats left", event.capacity
    )
    return words % {"left": number(event.available_seats), "capacity": number(event.capacity)}


@register.filter
def seats(quantity: int) -> str:
    return ngettext("%(count)s seat", "%(count)s seats", quantity) % {"count": number(quantity)}


@register.simple_tag
def words_for_script() -> dict[str, Any]:
    """What `live.js` says, in the reader's language."""
    return {
        "free": gettext("Free"),
        "none": gettext("No seats left"),
        "left": {
            "one": gettext("{left} of {capacity} seat left"),
            "other": gettext("{left} of {capacity} seats left"),
        },
        "viewers": {
            "one": gettext("{viewers} person is looking"),
            "other": gettext("{viewers} people are looking"),
        },
        "yours": gettext("{time} your time"),
        "dismiss": gettext("Put away"),
        "offer": {
            "one": gettext("{seats} seat for you, for {time}: {event}"),
            "other": gettext("{seats} seats for you, for {time}: {event}"),
        },
        "toPay": gettext("Pay {amount} at the door"),
        "booking": gettext("Booking…"),
        "chips": chip_words(),
        "connection": {
            "live": gettext("Live"),
            "reconnecting": gettext("Reconnecting…"),
            "polling": gettext("No live line: this page asks every few seconds."),
        },
        "themes": {"light": gettext("Dark colours"), "dark": gettext("Light colours")},
        "few": FEW_SEATS,
    }


def chip_words() -> dict[str, str]:
    return {
        "on-sale": gettext("On sale"),
        "few-left": gettext("Few left"),
        "sold-out": gettext("Sold out"),
        "cancelled": pgettext("event", "Cancelled"),
        "soon": gettext("On sale soon"),
        "closed": gettext("Sale ended"),
        "past": gettext("Past"),
        "draft": gettext("Draft"),
    }


def _moment(moment: datetime) -> str:
    return f"{format_date(moment, 'full', locale=_locale())}, {_time(moment)}"


def _time(moment: datetime) -> str:
    return format_time(moment, "short", locale=_locale())


@register.filter
def city(zone: str) -> str:
    """The city that a zone is named after; "UTC" and its like are their own names."""
    if "/" not in zone:
        return zone
    return get_timezone_location(zone, return_city=True, locale=_locale())


def _locale() -> Locale:
    return Locale.parse(to_locale(get_language() or "en"))
