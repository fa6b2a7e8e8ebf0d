"""Fields that take exactly what the OpenAPI document says, and sentences for what they refuse.

A number is no text and a text is no number; what cannot be stored or shown (NUL, half a surrogate
pair, a time without its offset) is refused here, before a use case sees it.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from rest_framework import serializers
from rest_framework.fields import empty

from evently.ids import UUID_TEXT
from evently.money import MAX_DIGITS, MAX_PLACES, WHOLE_DIGITS
from evently.text import clean_text

MAX_NAMED = 10
LARGEST_DIGITS = 18
AMOUNT = rf"^[0-9]{{1,{WHOLE_DIGITS}}}(\.[0-9]{{1,{MAX_PLACES}}})?$"
INSTANT = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)"


class Shape(serializers.Serializer[Any]):
    """Named values. An unknown name is refused, so that a slip of the pen is not overlooked."""

    default_error_messages = {"invalid": _lazy("Send a JSON object.")}

    def to_internal_value(self, data: Any) -> Any:
        errors = self._unknown(data) if isinstance(data, Mapping) else {}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors |= error.detail  # type: ignore[arg-type]
        if errors:
            raise serializers.ValidationError(errors)
        return values

    def _unknown(self, data: Mapping[str, Any]) -> dict[str, Any]:
        known = ", ".join(self.fields) or _("none")
        names = sorted(set(data) - set(self.fields))[:MAX_NAMED]
        told = _("There is no such field. The fields are: %(known)s.") % {"known": known}
        return {name[:64]: [told] for name in names}


class QueryShape(Shape):
    """The parameters of an address: texts, which stand for numbers and flags where one is due."""

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(
            {name: _plain(self.fields.get(name), text) for name, text in data.items()}
        )


class Text(serializers.CharField):
    default_error_messages = {"invalid": _lazy("This must be a text.")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Line(Text):
    """A text of one line that people write, such as a name: see `evently.text`."""

    lines = False

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, str):
            data = clean_text(data, lines=self.lines)
        return super().run_validation(data)


class Paragraphs(Line):
    """A text of several lines that people write."""

    lines = True


class WholeNumber(serializers.IntegerField):
    default_error_messages = {"invalid": _lazy("This must be a whole number.")}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, Decimal):
            data = _without_fraction(data)
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return int(data)


class Flag(serializers.BooleanField):
    default_error_messages = {"invalid": _lazy("This must be true or false.")}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class Id(serializers.UUIDField):
    default_error_messages = {
        "invalid": _lazy("This must be an id such as 019a0c6e-7d3c-7b1e-9f39-0d6f1c1f2a77.")
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not re.fullmatch(UUID_TEXT, data):
            self.fail("invalid")
        return super().to_internal_value(data)


class Amount(serializers.DecimalField):
    """Money: a decimal text such as "12.50", or a number in JSON."""

    default_error_messages = {
        "invalid": _lazy(
            "Give an amount from 0 to 99999999.999, with the decimals of its currency: 12.50."
        )
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=MAX_DIGITS, decimal_places=MAX_PLACES, min_value=0, **options)

    def to_internal_value(self, data: Any) -> Decimal:
        is_number = isinstance(data, int | Decimal) and not isinstance(data, bool)
        if not is_number and not (isinstance(data, str) and re.match(AMOUNT, data)):
            self.fail("invalid")
        return super().to_internal_value(data)


class Instant(serializers.DateTimeField):
    """A point in time; its offset from UTC is never guessed."""

    default_error_messages = {
        "invalid": _lazy(
            "Give a time with its offset from UTC: 2026-06-01T19:30:00Z or"
            " 2026-06-01T21:30:00+02:00 (in an address, write + as %2B)."
        ),
        "overflow": _lazy("This lies too far from today."),
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not re.fullmatch(INSTANT, data, re.ASCII):
            self.fail("invalid")
        instant = super().to_internal_value(data.upper())
        # A day is left on each side, so that every time zone can show it.
        if not 1 < instant.year < 9999:
            self.fail("overflow")
        return instant


class Choice(serializers.ChoiceField):
    """One of a few words; the refusal names them."""

    default_error_messages = {"invalid_choice": _lazy("Choose one of: {words}.")}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", words=", ".join(map(str, self.choices)))
        return data


def _plain(field: serializers.Field[Any, Any, Any, Any] | None, text: str) -> Any:
    if isinstance(field, WholeNumber) and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if isinstance(field, Flag):
        return {"true": True, "false": False}.get(text, text)
    return text


def _without_fraction(number: Decimal) -> int | None:
    """1.0 is a whole number in JSON Schema; 1e999999999 is not worth its memory."""
    if number.adjusted() < LARGEST_DIGITS and number == number.to_integral_value():
        return int(number)
    return None
