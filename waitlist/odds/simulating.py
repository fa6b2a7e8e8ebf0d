"""Made-up histories to try the odds on: they obey rules of their own, not those of the model.

An organiser has a temper (how much people cancel), each event differs from it, and the rate grows
smoothly towards the event, where the model has steps. A line forms at a sold-out event; some leave
it before their turn, some offers come back, and a freed group of seats goes to the first in line
whom it fits, as `waitlist.services` does it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import exp
from random import Random

from waitlist.odds.judging import Trial
from waitlist.odds.model import SECONDS_OF_DAY, foresee
from waitlist.odds.records import Record, Sale, record_of

GROUPS, WEIGHTS = (1, 2, 3, 4), (25, 50, 15, 10)
PAST_EVENTS = (0, 10)
BOOKINGS = (40, 250)
LINE = (5, 50)
SEASON_DAYS = 45.0
LOOKED_AT_DAYS = (1.0, 30.0)
SHARE_WITH_PART = 0.3
LEAVES_A_DAY = 0.004


@dataclass(slots=True)
class _Waiting:
    seats: int
    fewest: int
    leaves: float
    ahead: int = 0
    served: float | None = None


@dataclass(frozen=True, slots=True)
class _Temper:
    """Of one organiser's events: cancellations of a booking at best, and offers that come back."""

    rate: float
    returning: float


def simulate_trials(histories: int, *, rng: Random) -> Iterator[Trial]:
    """For every place in many lines what was told of it, and what came of it."""
    for _ in range(histories):
        yield from _History(rng).trials()


class _History:
    """One sold-out event after some past ones of the same organiser."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._temper = _Temper(rng.gammavariate(4, 0.015), rng.betavariate(4, 6))

    def trials(self) -> Iterator[Trial]:
        rng = self._rng
        left = rng.uniform(*LOOKED_AT_DAYS)
        past = [self._past_event() for _ in range(rng.randint(*PAST_EVENTS))]
        sales = self._sales(rng.randint(*BOOKINGS))
        own = record_of(sales, left=left, **self._offers(rng.randint(0, 10)))
        living = [sale for sale in sales if sale.gone is None or sale.gone < left]
        line = self._line(left)
        wanted = Counter((one.fewest, one.seats) for one in line)
        outlook = foresee(own, past, bookings=len(living), line=wanted, left=left, end=0.0)
        told = [outlook.odds(seats_ahead=one.ahead, fewest=one.fewest) for one in line]
        self._go_on(line, living)
        for one, odds in zip(line, told, strict=True):
            waited = None if one.served is None else (left - one.served) * SECONDS_OF_DAY
            yield Trial(odds, waited)

    def _past_event(self) -> Record:
        sales = self._sales(self._rng.randint(*BOOKINGS))
        return record_of(sales, left=0.0, **self._offers(self._rng.randint(0, 60)))

    def _offers(self, answered: int) -> dict[str, int]:
        returned = sum(self._rng.random() < self._temper.returning for _ in range(answered))
        return {"answered": answered, "returned": returned}

    def _sales(self, bookings: int) -> list[Sale]:
        factor = self._temper.rate * self._rng.gammavariate(5, 0.2)
        return [self._sale(factor) for _ in range(bookings)]

    def _sale(self, factor: float) -> Sale:
        """A booking with a cancellation, at a rate of `factor / (3 + days left)` a day, or none.

        The rate is integrated from the booking on, and its inverse gives the instant.
        """
        rng = self._rng
        made = SEASON_DAYS * rng.betavariate(2, 1)
        [seats] = rng.choices(GROUPS, WEIGHTS)
        gone = (3 + made) * exp(-rng.expovariate(1) / factor) - 3
        return Sale(made, gone if gone > 0 else None, seats)

    def _line(self, left: float) -> list[_Waiting]:
        line: list[_Waiting] = []
        for _ in range(self._rng.randint(*LINE)):
            [seats] = self._rng.choices(GROUPS, WEIGHTS)
            fewest = 1 if self._rng.random() < SHARE_WITH_PART else seats
            leaves = left - self._rng.expovariate(LEAVES_A_DAY)
            ahead = sum(one.seats for one in line)
            line.append(_Waiting(seats, fewest, leaves, ahead))
        return line

    def _go_on(self, line: list[_Waiting], living: list[Sale]) -> None:
        """Give what is cancelled from now on to those who wait."""
        gone = [(sale.gone, sale.seats) for sale in living if sale.gone is not None]
        for at, seats in sorted(gone, reverse=True):
            free = seats
            while free and (one := _next(line, free, at)):
                one.served = at
                if self._rng.random() >= self._temper.returning:
                    free -= min(one.seats, free)


def _next(line: list[_Waiting], free: int, at: float) -> _Waiting | None:
    """The first who waits at this time and whom so many seats fit."""
    waiting = (one for one in line if one.served is None and one.leaves < at)
    return next((one for one in waiting if one.fewest <= free), None)
