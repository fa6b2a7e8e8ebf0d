"""Refusals: what the express lane cannot book costs it less than a booking.

In a flood of forged tokens others still book.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

from bench.buying import AMPLE, CONNECTIONS, Wrong, booking_lines, sell, warm_up
from bench.load import Answers, send_each, send_over_and_over
from bench.report import Ratio
from bench.rows import add_events
from bench.sides import LANE, Side
from bench.stage import Stage

# One booking a minute of each person.
LIMITED = Side("limited", environment={"RATE_LIMIT_BOOKING": "1"})
ATTACKERS = 64
KINDS = {"sold out": "409", "forged token": "401", "too many": "429"}


@dataclass(frozen=True)
class Refusals:
    """Answers a second: `booked`, the refusals by kind, and bookings while a flood comes in."""

    booked: float
    refused: dict[str, float]
    booked_under_attack: float
    p99_ms_under_attack: float
    generator_share: float

    @property
    def ratios(self) -> list[Ratio]:
        costs = [
            Ratio(f"refusals, {kind} ÷ booking", rate / self.booked, 1, 2)
            for kind, rate in self.refused.items()
        ]
        kept = self.booked_under_attack / self.booked
        return [*costs, Ratio("refusals, bookings in a flood of them ÷ without", kept, 0.2, 0.5)]

    @property
    def figures(self) -> dict[str, str]:
        return {
            "bookings": f"{self.booked:.0f} a second",
            **{kind: f"{rate:.0f} refusals/s" for kind, rate in self.refused.items()},
            "in a flood of forged tokens": f"{self.booked_under_attack:.0f} bookings/s, "
            f"p99 {self.p99_ms_under_attack:.0f} ms",
        }


def measure(stage: Stage) -> Refusals:
    """Medians of the rounds, in which bookings and the kinds of refusals take turns."""
    stage.admit_people()
    with stage.serving_all(LANE, LIMITED) as urls:
        url = urls["lane"]
        buyers = warm_up(stage, url)
        urls |= {"sold out": url, "forged token": url, "too many": urls["limited"]}
        rounds = [
            {"booked": sell(stage, url, buyers=buyers)}
            | {kind: _be_refused(stage, urls[kind], kind, buyers) for kind in KINDS}
            | {"flooded": _sell_in_a_flood(stage, url, buyers)}
            for _ in range(stage.pace.rounds)
        ]
    rates = {turn: median(turns[turn].rate for turns in rounds) for turn in rounds[0]}
    return Refusals(
        booked=rates["booked"],
        refused={kind: rates[kind] for kind in KINDS},
        booked_under_attack=rates["flooded"],
        p99_ms_under_attack=median(turns["flooded"].p99_ms for turns in rounds),
        generator_share=max(turn.generator_share for turns in rounds for turn in turns.values()),
    )


def _be_refused(stage: Stage, url: str, kind: str, number: int) -> Answers:
    """Everybody is refused, but for the few who are served first where that is the reason.

    Raises:
        Wrong: more than those few were not refused, or for another reason.
    """
    lines = _lines(stage, kind, number)
    answers = send_each(url, lines, connections=CONNECTIONS)
    refused = answers.statuses.get(KINDS[kind], 0)
    if refused < number - CONNECTIONS:
        raise Wrong(f"{kind}: of {number} got {answers.statuses}.")
    return answers


def _lines(stage: Stage, kind: str, number: int) -> list[str]:
    tokens = stage.tokens[:number]
    match kind:
        case "sold out":
            return booking_lines(tokens, add_events(stage.rows, number=1, seats=1))
        case "forged token":
            return _forged(stage, tokens)
        case _:
            return booking_lines(tokens[:1] * number, add_events(stage.rows, number=1, seats=AMPLE))


def _forged(stage: Stage, tokens: list[str]) -> list[str]:
    """Tokens of real people with a signature of somebody else's."""
    other = stage.tokens[-1].rpartition(".")[2]
    forged = [f"{token.rpartition('.')[0]}.{other}" for token in tokens]
    return booking_lines(forged, add_events(stage.rows, number=1, seats=AMPLE))


def _sell_in_a_flood(stage: Stage, url: str, buyers: int) -> Answers:
    """Half of the buyers, as they may take twice as long.

    Raises:
        Wrong: the flood was over before the last of them was answered.
    """
    flood = _forged(stage, stage.tokens[:ATTACKERS])
    seconds = 3 * stage.pace.seconds
    with ThreadPoolExecutor(1) as pool:
        attack = pool.submit(send_over_and_over, url, flood, connections=ATTACKERS, seconds=seconds)
        answers = sell(stage, url, buyers=buyers // 2)
        if attack.done():
            raise Wrong(f"The flood of {seconds} s was over before the bookings.")
    return answers
