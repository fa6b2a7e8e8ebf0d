"""Amounts and currencies: the one place that knows how many decimals a currency has.

An amount is an exact decimal in one currency. Nothing is rounded anywhere: what has more decimals
than its currency (ISO 4217, "minor unit") is refused at every door, and prices are only multiplied
by whole numbers of seats and added within one currency.
"""

from decimal import Decimal
from functools import cache, lru_cache

from babel.core import get_global
from babel.numbers import get_territory_currencies
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from iso4217 import Currency

# Amounts of the API, forms and files: below 100 million, with as many decimals as any currency that
# is tender has. Funds and units of account with four (CLF, UYW) are not paid with.
WHOLE_DIGITS = 8
MAX_PLACES = 3
MAX_DIGITS = WHOLE_DIGITS + MAX_PLACES
USUAL_PLACES = 2


@cache
def known_currencies() -> frozenset[str]:
    """Codes of ISO 4217 that are tender somewhere today (sources: ISO's list, Unicode's CLDR)."""
    territories = get_global("territory_currencies")
    tender = {code for place in territories for code in get_territory_currencies(place)}
    return frozenset(tender & _places().keys())


def places_of(currency: str) -> int:
    """How many decimals amounts of the currency have, by ISO 4217.

    CLDR tells another number for a dozen of them, of what cash is rounded to. A code that ISO has
    withdrawn, on an old row, had two.
    """
    return _places().get(currency, USUAL_PLACES)


@lru_cache(maxsize=1024)
def amount_text(amount: Decimal, currency: str) -> str:
    """The amount for programs: "12.50" of EUR, "12" of JPY, "1.250" of KWD; never rounded."""
    text = f"{amount:.{places_of(currency)}f}"
    return text if Decimal(text) == amount else f"{amount.normalize():f}"


def has_places(amount: Decimal, currency: str) -> bool:
    """Whether the amount can be paid in the currency: it has no more decimals than that."""
    return amount == round(amount, places_of(currency))


def validate_amount(amount: Decimal, currency: str) -> None:
    """Refuse an amount with more decimals than its currency has.

    Raises:
        ValidationError: it says how such an amount is written.
    """
    if has_places(amount, currency):
        return
    places = places_of(currency)
    words = _("%(currency)s has %(places)s decimals at most. Write an amount such as %(example)s.")
    if not places:
        words = _("%(currency)s has no decimals. Write a whole amount such as %(example)s.")
    params = {"currency": currency, "places": places, "example": example_of(currency)}
    raise ValidationError(words, code="too-many-decimals", params=params)


def example_of(currency: str) -> str:
    """An amount as it is written in the currency."""
    return amount_text(Decimal("12.5") if places_of(currency) else Decimal(12), currency)


def validate_currency(code: str) -> None:
    if code not in known_currencies():
        raise ValidationError(
            _("“%(code)s” is not a currency. Use a three-letter code such as EUR."),
            code="unknown-currency",
            params={"code": code[:8]},
        )


@cache
def _places() -> dict[str, int]:
    """The decimals of each currency; of metals and test codes there are none to tell."""
    units = ((known.code, known.exponent) for known in Currency)
    return {code: places for code, places in units if places is not None}
