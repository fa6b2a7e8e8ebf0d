"""Rush: 128 connections, everybody books a seat of one event that has enough of them."""

from dataclasses import dataclass
from statistics import median

from bench.buying import AMPLE, CONNECTIONS, booking_lines, sell, warm_up
from bench.load import Answers, send_each
from bench.report import Ratio
from bench.rows import add_events
from bench.sides import DRF, LANE, NAIVE, floor_of
from bench.sides.floor import record
from bench.stage import Stage


@dataclass(frozen=True)
class Rush:
    """Bookings a second of each door; answers a second of the floor."""

    lane: float
    drf: float
    naive: float
    floor: float
    lane_p99_ms: float
    generator_share: float

    @property
    def ratios(self) -> list[Ratio]:
        return [
            Ratio("rush, lane ÷ naive reference", self.lane / self.naive, 15, 30),
            Ratio("rush, lane ÷ bare floor", self.lane / self.floor, 0.08, 0.2),
            Ratio("rush, DRF door ÷ naive reference", self.drf / self.naive, 1, 2),
        ]

    @property
    def figures(self) -> dict[str, str]:
        return {
            "express lane": f"{self.lane:.0f} bookings/s, p99 {self.lane_p99_ms:.0f} ms",
            "DRF door": f"{self.drf:.0f} bookings/s",
            "naive reference": f"{self.naive:.0f} bookings/s",
            "bare floor": f"{self.floor:.0f} answers/s",
        }


def measure(stage: Stage) -> Rush:
    """Medians of the rounds, in which the sides take turns."""
    stage.admit_people()
    doors = (LANE, DRF, NAIVE)
    with stage.serving_all(*doors) as urls:
        answers = stage.folder / "rush.json"
        record(urls["lane"], _some_bookings(stage, 1), answers)
        with stage.serving(floor_of(answers)) as base:
            buyers = {side.name: warm_up(stage, urls[side.name]) for side in doors}
            rounds = [_take_turns(stage, urls, buyers, base) for _ in range(stage.pace.rounds)]
    rates = {side: median(turns[side].rate for turns in rounds) for side in rounds[0]}
    return Rush(
        **rates,
        lane_p99_ms=median(turns["lane"].p99_ms for turns in rounds),
        generator_share=max(turn.generator_share for turns in rounds for turn in turns.values()),
    )


def _take_turns(
    stage: Stage, urls: dict[str, str], buyers: dict[str, int], base: str
) -> dict[str, Answers]:
    turns = {side: sell(stage, urls[side], buyers=number) for side, number in buyers.items()}
    lines = _some_bookings(stage, stage.pace.people)
    return {**turns, "floor": send_each(base, lines, connections=CONNECTIONS)}


def _some_bookings(stage: Stage, number: int) -> list[str]:
    return booking_lines(stage.tokens[:number], add_events(stage.rows, number=1, seats=AMPLE))
