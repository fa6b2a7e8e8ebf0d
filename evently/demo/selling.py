"""Selling a demo event over past weeks, through the services that sell every other event."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from bookings.models import Booking
from bookings.services import BookingRequest, book_batch, cancel_booking
from evently.accounts.models import User
from events.models import Event

# How many people come in a group of one, two, three, …
GROUP_WEIGHTS = (25, 45, 12, 12, 3, 3)
REGRETTED_PERCENT = 6
MOST_MOMENTS = 12
BOOKINGS_IN_A_MOMENT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """When tickets of an event were sold; both instants are aware."""

    opened_at: datetime
    until: datetime

    def moments(self, number: int, *, rng: Random) -> list[datetime]:
        """Instants of the season, in order; more of them near its two ends."""
        return sorted(
            self.opened_at + (self.until - self.opened_at) * rng.betavariate(0.7, 0.7)
            for _ in range(number)
        )


def sell_event(
    event: Event, *, seats: int, season: Season, guests: Sequence[User], rng: Random
) -> None:
    """Sell exactly `seats` seats; some bookings on the way there are cancelled again.

    Side effects:
        As `book_batch` and `cancel_booking`, once for each moment and each cancellation.
    """
    groups = _groups(seats, most=event.max_per_booking, rng=rng)
    regretted = _groups(seats * REGRETTED_PERCENT // 100, most=event.max_per_booking, rng=rng)
    buyers = iter(rng.sample(guests, len(groups) + len(regretted)))
    half = len(groups) // 2
    moments = season.moments(_moments(len(groups)), rng=rng)
    early, late = moments[: len(moments) // 2], moments[len(moments) // 2 :]
    _book(event, groups[:half], buyers=buyers, moments=early)
    unhappy = _book(event, regretted, buyers=buyers, moments=early[-1:])
    for number, moment in enumerate(late):
        _cancel(unhappy[number :: len(late)], now=moment)
        _book(event, groups[half:][number :: len(late)], buyers=buyers, moments=[moment])


def _moments(bookings: int) -> int:
    """At least one for either half of the season."""
    return max(2, min(MOST_MOMENTS, bookings // BOOKINGS_IN_A_MOMENT))


def _groups(seats: int, *, most: int, rng: Random) -> list[int]:
    """Sizes of groups that come to `seats` in all."""
    sizes: list[int] = []
    while seats:
        [size] = rng.choices(range(1, len(GROUP_WEIGHTS) + 1), GROUP_WEIGHTS)
        sizes.append(min(size, most, seats))
        seats -= sizes[-1]
    return sizes


def _book(
    event: Event, groups: list[int], *, buyers: Iterator[User], moments: Sequence[datetime]
) -> list[Booking]:
    requests = [BookingRequest(user_id=next(buyers).pk, quantity=size) for size in groups]
    bookings: list[Booking] = []
    for number, moment in enumerate(moments):
        batch = requests[number :: len(moments)]
        if batch:
            bookings += _booked(book_batch(event_id=event.pk, requests=batch, now=moment))
    return bookings


def _booked(outcomes: list[Booking | Exception]) -> Iterator[Booking]:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        yield outcome


def _cancel(bookings: list[Booking], *, now: datetime) -> None:
    for booking in bookings:
        cancel_booking(reference=booking.reference, by=booking.user, now=now)
