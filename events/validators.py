"""Rules for single values of an event, shared by forms, API and import."""

from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from evently.money import validate_currency as validate_currency


@cache
def known_timezones() -> frozenset[str]:
    """Names of the IANA time zone database."""
    return frozenset(available_timezones()) - {"localtime", "posixrules"}


def validate_timezone(name: str) -> None:
    if name not in known_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone. Use a name such as Europe/Berlin."),
            code="unknown-timezone",
            params={"name": name[:64]},
        )
