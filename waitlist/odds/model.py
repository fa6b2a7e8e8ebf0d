"""The arithmetic of the odds; `waitlist.odds` explains it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scipy import special

from waitlist.odds.records import STRETCHES, Record, days_in

# Cancellations of a booking in a day, for each of `STRETCHES`: about 7 % in two months. Where there
# is no past at all, this is what is believed; it weighs as much as so many days of one booking.
HOUSE_HAZARDS = (0.016, 0.012, 0.006, 0.003, 0.0015, 0.0008, 0.0004, 0.0002)
HOUSE_BOOKING_DAYS = 200.0
# How unlike events are as long as too few are known: the variance of their factor, and its weight.
HOUSE_SPREAD, HOUSE_SPREAD_WEIGHT = 1.0, 25.0
LEAST_SPREAD = 0.02
# Offers that come back, as long as too few are known: 4 of 10.
HOUSE_RETURNED, HOUSE_ANSWERED = 4.0, 10.0
LOW, HALF, HIGH = 0.1, 0.5, 0.9
# Below this chance, a time at which it comes true would say nothing.
LEAST_CHANCE = 0.05
SECONDS_OF_DAY = 86_400.0

# Numbers of seats, the smallest first, each with its share of a whole that is 1.
Shares = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the range in which it lies in four of five cases."""

    low: float
    likely: float
    high: float


@dataclass(frozen=True, slots=True)
class Odds:
    """What can be told of a place: the chance (0 to 1) of an offer, and the wait in seconds.

    `wait` is None when it cannot be told: hardly anything will come, or nothing is offered now.
    """

    chance: Interval
    wait: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How somebody may be served: by so many clumps, each of them this share of a cancellation."""

    clumps: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What an event still has to give, as it looks at one instant.

    Args:
        shape, rate: the Gamma distribution of the event's factor.
        ahead: what is to come until the sale ends, in order of time: stretches of so many days, and
            how many cancellations are expected in each when the factor is 1.
        returning: the share of offers that come back.
        sizes: for each number of seats the share of bookings that have so many.
        line: for each fewest number of seats that people take, what they are likely to take, as a
            share of all seats waited for.
    """

    shape: float
    rate: float
    ahead: tuple[tuple[float, float], ...]
    returning: float
    sizes: Shares
    line: Shares

    def odds(self, *, seats_ahead: int, fewest: int) -> Odds:
        """The odds of somebody with so many seats ahead who takes no fewer than `fewest`."""
        expected = sum(cancellations for _, cancellations in self.ahead)
        ways = [self._way(seats_ahead, fewest, most) for most, _ in self.sizes if most >= fewest]
        told = [(self._chance(way, expected), way) for way in ways]
        if expected <= 0 or not told:
            return Odds(Interval(0.0, 0.0, 0.0), None)
        chance, way = max(told, key=lambda pair: pair[0].likely)
        return Odds(chance, self._wait(way, chance.likely))

    def _way(self, seats_ahead: int, fewest: int, most: int) -> "_Way":
        """To be served by what frees `fewest` to `most` seats: larger groups ahead miss these."""
        small = [(size, share) for size, share in self.sizes if size <= most]
        some = sum(share for _, share in small)
        seats = sum(size * share for size, share in small)
        squares = sum(size**2 * share for size, share in small)
        fit = sum(share for size, share in small if size >= fewest)
        rivals = seats_ahead * sum(share for least, share in self.line if least <= most)
        needed = 1 + rivals * (1 - self.returning) * fit / seats
        clumping = (1 + self.returning) * squares * some / seats**2
        clumps = 1 + (needed - 1) / clumping
        return _Way(clumps=clumps, share=fit * clumps / needed)

    def _chance(self, way: "_Way", cancellations: float) -> Interval:
        expected = way.share * cancellations

        def given(percentile: float) -> float:
            factor = special.gammaincinv(self.shape, percentile) / self.rate
            return float(special.gammainc(way.clumps, factor * expected))

        told = special.betainc(way.clumps, self.shape, expected / (self.rate + expected))
        low, likely, high = given(LOW), float(told), given(HIGH)
        # The mean of a skewed belief may lie outside of its own percentiles.
        return Interval(min(low, likely), likely, max(high, likely))

    def _wait(self, way: "_Way", chance: float) -> Interval | None:
        """The times by which parts of the chance have come true, if it does."""
        if chance < LEAST_CHANCE:
            return None

        def by(part: float) -> float:
            odds = special.betaincinv(way.clumps, self.shape, part * chance)
            return self._seconds_until(self.rate * odds / (1 - odds) / way.share)

        return Interval(by(LOW), by(HALF), by(HIGH))

    def _seconds_until(self, cancellations: float) -> float:
        """How long it takes until so many are expected."""
        days = 0.0
        for length, expected in self.ahead:
            if expected >= cancellations:
                return SECONDS_OF_DAY * (days + length * cancellations / expected)
            days, cancellations = days + length, cancellations - expected
        return SECONDS_OF_DAY * days


def foresee(
    own: Record,
    past: Sequence[Record],
    *,
    bookings: int,
    line: Mapping[tuple[int, int], int],
    left: float,
    end: float,
) -> Outlook:
    """What an event has to give, from its own record and those of similar past events.

    Args:
        bookings: those that can be cancelled. Seats that are freed are booked again by those who
            wait, so this number stays.
        line: people who wait, by the fewest seats that they take and the number that they want.
        left: days left before the event begins.
        end: the same for the end of the sale; less than nought when it ends after the begin.
    """
    hazards = _hazards(past)
    shape = 1 / _spread(past, hazards)
    # How large bookings are: this event's, or before it has any, those of the past.
    sizes = _shares([own.sizes] if own.sizes else [record.sizes for record in past])
    return Outlook(
        shape=shape + sum(own.cancelled),
        rate=shape + _expected(own, hazards),
        ahead=tuple(
            (days, bookings * hazard * days)
            for stretch, hazard in reversed(list(zip(STRETCHES, hazards, strict=True)))
            if (days := days_in(stretch, left, end)) > 0
        ),
        returning=_returning(own, past),
        sizes=sizes,
        line=_takers(line, sizes),
    )


def _hazards(past: Sequence[Record]) -> list[float]:
    """Cancellations of a booking in a day, for each stretch."""
    return [
        (sum(record.cancelled[number] for record in past) + house * HOUSE_BOOKING_DAYS)
        / (sum(record.at_risk[number] for record in past) + HOUSE_BOOKING_DAYS)
        for number, house in enumerate(HOUSE_HAZARDS)
    ]


def _expected(record: Record, hazards: Sequence[float]) -> float:
    """The cancellations that these hazards let expect."""
    return sum(hazard * days for hazard, days in zip(hazards, record.at_risk, strict=True))


def _spread(past: Sequence[Record], hazards: Sequence[float]) -> float:
    """The variance of the events' factor: what is left when a Poisson's own is taken away."""
    pairs = [(sum(record.cancelled), _expected(record, hazards)) for record in past]
    excess = sum((seen - expected) ** 2 - expected for seen, expected in pairs)
    weight = sum(expected**2 for _, expected in pairs)
    spread = (excess + HOUSE_SPREAD * HOUSE_SPREAD_WEIGHT) / (weight + HOUSE_SPREAD_WEIGHT)
    return max(LEAST_SPREAD, spread)


def _returning(own: Record, past: Sequence[Record]) -> float:
    answered = sum(record.answered for record in past)
    usual = (sum(record.returned for record in past) + HOUSE_RETURNED) / (answered + HOUSE_ANSWERED)
    return (own.returned + usual * HOUSE_ANSWERED) / (own.answered + HOUSE_ANSWERED)


def _shares(counts: Iterable[Mapping[int, int]]) -> Shares:
    """The share of each number in all that was counted; without any, all is single."""
    total: Counter[int] = Counter()
    for counted in counts:
        total.update(counted)
    return tuple((size, total[size] / total.total()) for size in sorted(total)) or ((1, 1.0),)


def _takers(line: Mapping[tuple[int, int], int], sizes: Shares) -> Shares:
    """Who takes a part is likely to take what one cancellation frees."""
    usual = sum(size * share for size, share in sizes)
    wanted = sum(most * people for (_, most), people in line.items())
    taken: dict[int, float] = {}
    for (fewest, most), people in line.items():
        seats = people * max(fewest, min(most, usual))
        taken[fewest] = taken.get(fewest, 0.0) + seats / wanted
    return tuple(sorted(taken.items())) or ((1, 1.0),)
