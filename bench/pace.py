"""How thoroughly to measure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How large the world is, and how long is looked at it.

    Args:
        people: who can buy; each buys once in a round.
        warm_up: bookings in each new server before anything is measured, twice.
        rounds: how often the sides of a workload take turns; medians are told.
        seconds: about how long one turn takes.
        drop: the buyers of a drop; a tenth of them gets a seat.
        events: how many there are to browse, and half as many to spread bookings over.
        sockets: the crowds that look at one event, and `changes`: how often it changes for each.
        growth: how many bookings, and events, are in the tables.
        batches: how many batches are booked for one figure of growth.
        waiting: how many people stand in a line.
        mails: how many are queued.
    """

    people: int
    warm_up: int
    rounds: int
    seconds: float
    drop: int
    events: int
    sockets: tuple[int, ...]
    changes: int
    growth: tuple[tuple[int, int], ...]
    batches: int
    waiting: int
    mails: int


FULL = Pace(
    people=40_000,
    warm_up=256,
    rounds=3,
    seconds=6,
    drop=10_000,
    events=2_000,
    sockets=(1_000, 5_000),
    changes=9,
    growth=((1_000, 100), (100_000, 10_000), (1_000_000, 100_000)),
    batches=60,
    waiting=100_000,
    mails=10_000,
)
QUICK = Pace(
    people=500,
    warm_up=32,
    rounds=1,
    seconds=1,
    drop=200,
    events=40,
    sockets=(50,),
    changes=1,
    growth=((100, 10), (1_000, 100)),
    batches=5,
    waiting=500,
    mails=100,
)
