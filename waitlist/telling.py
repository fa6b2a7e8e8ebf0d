"""Chances and waits in words: ranges that are rounded outwards, never more exact than they are."""

from datetime import timedelta
from math import ceil, floor

from babel import Locale
from babel.numbers import format_percent
from django.utils.translation import get_language, gettext, ngettext, pgettext, to_locale

from waitlist.odds import Interval

STEP = 0.1
# From this chance on it is called so; the first that fits.
LIKELIHOODS = (0.9, 0.65, 0.4, 0.1, 0.0)
HOUR, DAY, WEEK = (timedelta(**{unit: 1}).total_seconds() for unit in ("hours", "days", "weeks"))


def chance_words(chance: Interval) -> str:
    """How likely it is, in a word and a range in steps of ten percent: "Likely, 60% to 90%"."""
    words = (
        pgettext("chance", "Very likely"),
        pgettext("chance", "Likely"),
        pgettext("chance", "Possible"),
        pgettext("chance", "Unlikely"),
        pgettext("chance", "Very unlikely"),
    )
    word = next(w for w, least in zip(words, LIKELIHOODS, strict=True) if chance.likely >= least)
    return gettext("%(word)s, %(range)s") % {"word": word, "range": _percent_range(chance)}


def wait_words(wait: Interval) -> str:
    """How long it may take: "2 to 5 days"."""
    unit = next(unit for unit in (WEEK, DAY, HOUR) if wait.high >= 2 * unit or unit == HOUR)
    low, high = floor(wait.low / unit), max(1, ceil(wait.high / unit))
    if low in {0, high}:
        return _UP_TO[unit](high)
    return _FROM_TO[unit](low, high)


def _percent_range(chance: Interval) -> str:
    low, high = floor(chance.low / STEP + 1e-9) * STEP, ceil(chance.high / STEP - 1e-9) * STEP
    if high <= STEP:
        return gettext("less than %(high)s") % {"high": percent(STEP)}
    if low >= 1 - STEP:
        return gettext("more than %(low)s") % {"low": percent(1 - STEP)}
    if low == 0:
        return gettext("up to %(high)s") % {"high": percent(high)}
    return gettext("%(low)s to %(high)s") % {"low": percent(low), "high": percent(high)}


def percent(part: float) -> str:
    return format_percent(part, locale=Locale.parse(to_locale(get_language() or "en")))


_UP_TO = {
    HOUR: lambda n: ngettext("up to %(n)s hour", "up to %(n)s hours", n) % {"n": n},
    DAY: lambda n: ngettext("up to %(n)s day", "up to %(n)s days", n) % {"n": n},
    WEEK: lambda n: ngettext("up to %(n)s week", "up to %(n)s weeks", n) % {"n": n},
}
_FROM_TO = {
    HOUR: lambda low, high: gettext("%(low)s to %(high)s hours") % {"low": low, "high": high},
    DAY: lambda low, high: gettext("%(low)s to %(high)s days") % {"low": low, "high": high},
    WEEK: lambda low, high: gettext("%(low)s to %(high)s weeks") % {"low": low, "high": high},
}
