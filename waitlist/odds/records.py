"""What the sale of one event told of cancellations up to an instant."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

# Days left before the event begins, where one stretch of a steady rate ends and another begins.
EDGES = (-inf, 0.25, 1.0, 3.0, 7.0, 14.0, 30.0, 90.0, inf)
STRETCHES = tuple(pairwise(EDGES))


@dataclass(frozen=True, slots=True)
class Sale:
    """One booking, on the clock of days left before its event; `gone` is None while it lives."""

    made: float
    gone: float | None
    seats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An event's sale until an instant.

    Args:
        cancelled: bookings cancelled, for each of `STRETCHES`.
        at_risk: days for which bookings could have been cancelled, for each of `STRETCHES`.
        sizes: how many bookings there were of each number of seats.
        answered: offers that were accepted, declined or lapsed.
        returned: those of them that were declined or lapsed.
    """

    cancelled: Sequence[int]
    at_risk: Sequence[float]
    sizes: Mapping[int, int]
    answered: int = 0
    returned: int = 0


def days_in(stretch: tuple[float, float], begin: float, end: float) -> float:
    """How many days of a stretch lie between two numbers of days left, the larger one first."""
    late, early = stretch
    return max(0.0, min(begin, early) - max(end, late))


def record_of(
    sales: Iterable[Sale], *, left: float, answered: int = 0, returned: int = 0
) -> Record:
    """The record of bookings that are at hand, as it was with so many days left."""
    known = [sale for sale in sales if sale.made >= left]
    ends = [max(left, -inf if sale.gone is None else sale.gone) for sale in known]
    gone = [sale.gone for sale in known if sale.gone is not None and sale.gone >= left]
    return Record(
        cancelled=[sum(late <= at < early for at in gone) for late, early in STRETCHES],
        at_risk=[
            sum(days_in(stretch, sale.made, end) for sale, end in zip(known, ends, strict=True))
            for stretch in STRETCHES
        ],
        sizes=Counter(sale.seats for sale in known),
        answered=answered,
        returned=returned,
    )
