"""Rules for single values of an event, shared by forms, API and import."""

from functools import cache
from zoneinfo import available_timezones

from babel.core import get_global
from babel.numbers import get_territory_currencies
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@cache
def known_timezones() -> frozenset[str]:
    """Names of the IANA time zone database."""
    return frozenset(available_timezones()) - {"localtime", "posixrules"}


@cache
def known_currencies() -> frozenset[str]:
    """ISO 4217 codes that are tender somewhere today (source: Unicode CLDR)."""
    territories = get_global("territory_currencies")
    return frozenset(code for place in territories for code in get_territory_currencies(place))


def validate_timezone(name: str) -> None:
    if name not in known_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone. Use a name such as Europe/Berlin."),
            code="unknown-timezone",
            params={"name": name[:64]},
        )


def validate_currency(code: str) -> None:
    if code not in known_currencies():
        raise ValidationError(
            _("“%(code)s” is not a currency. Use a three-letter code such as EUR."),
            code="unknown-currency",
            params={"code": code[:8]},
        )
