"""Reading the body of a request: JSON as RFC 8259 and I-JSON (RFC 7493) have it, and no more."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """UTF-8 only, no NaN, no name twice, exact decimals; nesting and digits within limits."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return json.loads(
                stream.read().decode("utf-8"),
                object_pairs_hook=_object,
                parse_constant=_refuse_constant,
                parse_float=Decimal,
            )
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
        # A number whose exponent is absurd is an ArithmeticError.
        except (ValueError, ArithmeticError) as error:
            told = _("The body is not JSON: %(reason)s.") % {"reason": _reason(error)}
            raise ParseError(told) from error


class _NotJson(ValueError):
    """What Python's reader would let pass; the text is for the caller."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NotJson(_("a name stands twice in one object"))
    return found


def _refuse_constant(name: str) -> None:
    raise _NotJson(_("%(name)s is no JSON number") % {"name": name})


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return _("it is not UTF-8")
    if isinstance(error, json.JSONDecodeError):
        where = {"line": error.lineno, "column": error.colno}
        return _("unexpected text in line %(line)d, column %(column)d") % where
    return str(error) if isinstance(error, _NotJson) else _("a number is out of range")
