"""Refusals: what the express lane cannot book costs it less than a booking, and while one person
floods the site others book on.
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

# Enough for those who book once in each turn.
LIMITED = Side("limited", environment={"RATE_LIMIT_BOOKING": "100"})
# Connections of the one who floods.
FLOOD = 64
# A short turn on a busy machine must not outlast it.
LEAST_FLOOD_SECONDS = 10
KINDS = {"sold out": "409", "forged token": "401"}


@dataclass(frozen=True)
class Refusals:
    """Answers a second: `booked`, the refusals by kind, and bookings while a flood comes in."""

    booked: float
    refused: dict[str, float]
    booked_in_a_flood: float
    p99_ms_in_a_flood: float
    generator_share: float

    @property
    def ratios(self) -> list[Ratio]:
        costs = [
            Ratio(f"refusals, {kind} ÷ booking", rate / self.booked, 1, 2)
            for kind, rate in self.refused.items()
        ]
        kept = self.booked_in_a_flood / self.booked
        return [*costs, Ratio("refusals, bookings in a flood ÷ without", kept, 0.6, 0.8)]

    @property
    def figures(self) -> dict[str, str]:
        return {
            "bookings": f"{self.booked:.0f} a second",
            **{kind: f"{rate:.0f} refusals/s" for kind, rate in self.refused.items()},
            f"in a flood of {FLOOD} connections": f"{self.booked_in_a_flood:.0f} bookings/s, "
            f"p99 {self.p99_ms_in_a_flood:.0f} ms",
        }


def measure(stage: Stage) -> Refusals:
    """Medians of the rounds, in which bookings and the kinds of refusals take turns."""
    stage.admit_people()
    with stage.serving_all(LANE, LIMITED) as urls:
        url, limited = urls["lane"], urls["limited"]
        buyers = min(warm_up(stage, url), warm_up(stage, limited))
        rounds = [
            {"booked": sell(stage, url, buyers=buyers)}
            | {kind: _be_refused(stage, url, kind, buyers) for kind in KINDS}
            | {"flooded": _sell_in_a_flood(stage, limited, buyers)}
            for _ in range(stage.pace.rounds)
        ]
    rates = {turn: median(turns[turn].rate for turns in rounds) for turn in rounds[0]}
    return Refusals(
        booked=rates["booked"],
        refused={kind: rates[kind] for kind in KINDS},
        booked_in_a_flood=rates["flooded"],
        p99_ms_in_a_flood=median(turns["flooded"].p99_ms for turns in rounds),
        generator_share=max(turn.generator_share for turns in rounds for turn in turns.values()),
    )


def _be_refused(stage: Stage, url: str, kind: str, number: int) -> Answers:
    """Everybody is refused, but for the one who gets the only seat.

    Raises:
        Wrong: others were not refused, or for another reason.
    """
    if kind == "sold out":
        tokens, seats = stage.tokens[:number], 1
    else:
        # Tokens of real people, with somebody else's signature.
        other = stage.tokens[-1].rpartition(".")[2]
        tokens = [f"{token.rpartition('.')[0]}.{other}" for token in stage.tokens[:number]]
        seats = AMPLE
    lines = booking_lines(tokens, add_events(stage.rows, number=1, seats=seats))
    answers = send_each(url, lines, connections=CONNECTIONS)
    if answers.statuses.get(KINDS[kind], 0) < number - 1:
        raise Wrong(f"{kind}: of {number} got {answers.statuses}.")
    return answers


def _sell_in_a_flood(stage: Stage, url: str, buyers: int) -> Answers:
    """Half of the buyers, as they may take twice as long.

    Raises:
        Wrong: the flood was over before the last of them was answered, or not refused.
    """
    seconds = max(LEAST_FLOOD_SECONDS, 3 * stage.pace.seconds)
    # A line for each connection, all of one person.
    flood = booking_lines(stage.tokens[-1:] * FLOOD, add_events(stage.rows, number=1, seats=AMPLE))
    with ThreadPoolExecutor(1) as pool:
        attack = pool.submit(send_over_and_over, url, flood, connections=FLOOD, seconds=seconds)
        answers = sell(stage, url, buyers=buyers // 2)
        if attack.done() or attack.result().bad < attack.result().answers / 2:
            raise Wrong(f"The flood of {seconds} s: {attack.result()}.")
    return answers
