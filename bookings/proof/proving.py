"""The proof itself: let the crowd in, recount from rows, judge."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from bookings.proof.crowd import let_in
from bookings.proof.plan import BOOKED, CANCELLED, Share, Sight
from bookings.proof.scratch import Recount, Scratch, recount, scratch_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How hard to try. See `plan.Share` for `seconds` and `outages`.

    Args:
        urls: running servers, one after the other for the processes; none: through the service.
    """

    buyers: int
    seats: int
    processes: int
    seconds: float | None = None
    urls: tuple[str, ...] = ()
    outages: bool = False
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was seen and counted; `faults` are sentences, none when the proof holds."""

    seen: Sight
    rows: Recount
    faults: list[str]

    @property
    def holds(self) -> bool:
        return not self.faults


def prove(options: Options, *, now: datetime) -> Verdict:
    """Sell a scratch event to a crowd, and see whether a seat was sold twice."""
    with scratch_rows(
        buyers=options.buyers, seats=options.seats, now=now, keep=options.keep
    ) as scratch:
        seen = let_in(_shares(options, scratch))
        rows = recount(scratch.event)
    return Verdict(seen, rows, list(find_faults(options, seen, rows)))


def _shares(options: Options, scratch: Scratch) -> list[Share]:
    number = min(options.processes, len(scratch.buyers))
    return [
        Share(
            event_id=scratch.event.pk,
            buyers=scratch.buyers[place::number],
            seconds=options.seconds,
            url=options.urls[place % len(options.urls)] if options.urls else None,
            outages=options.outages,
            database=connection.settings_dict["NAME"],
        )
        for place in range(number)
    ]


def find_faults(options: Options, seen: Sight, rows: Recount) -> Iterator[str]:
    """What speaks against the core, a sentence each."""
    if rows.claimed > options.seats:
        yield f"Oversold: {rows.claimed} seats are confirmed and there are {options.seats}."
    if not rows.adds_up:
        yield (
            f"The inventory does not add up: {rows.available_seats} free and {rows.claimed}"
            f" confirmed, of {rows.capacity}."
        )
    if rows.twice:
        yield f"{rows.twice} people hold more than one booking."
    yield from _dishonesty(seen, rows)
    if not options.outages:
        for failure, number in seen.failures.items():
            yield f"{number} attempts failed: {failure}."
    if not seen.answers[BOOKED]:
        yield "Nobody could book: nothing was proven."


def _dishonesty(seen: Sight, rows: Recount) -> Iterator[str]:
    """Whether buyers were told the truth. What got no clear answer may have been done or not."""
    lost = [who for who, reference in seen.told.items() if rows.held.get(who, "") != reference]
    if broken := sum(bool(seen.told[who]) for who in lost):
        yield f"{broken} people were told of a booking that is not there."
    if len(lost) > broken:
        yield f"{len(lost) - broken} people were told of no booking and have one."
    if seen.answers["sold-out"] and not seen.answers[CANCELLED] and rows.available_seats:
        yield f"Buyers were told it is sold out, and {rows.available_seats} seats are free."
