"""Spread: the load of a rush, over many events instead of one."""

from dataclasses import dataclass
from statistics import median

from bench.buying import sell, warm_up
from bench.report import Ratio
from bench.sides import LANE
from bench.stage import Stage


@dataclass(frozen=True)
class Spread:
    """Bookings a second through the express lane, of one event and of many."""

    events: int
    one_event: float
    many_events: float
    generator_share: float

    @property
    def ratios(self) -> list[Ratio]:
        return [Ratio("spread ÷ rush, lane", self.many_events / self.one_event, 0.8, 1.2)]

    @property
    def figures(self) -> dict[str, str]:
        return {
            "one event": f"{self.one_event:.0f} bookings/s",
            f"{self.events:,} events": f"{self.many_events:.0f} bookings/s",
        }


def measure(stage: Stage) -> Spread:
    """Medians of the rounds, in which one event and many take turns."""
    stage.admit_people()
    events = stage.pace.events // 2
    with stage.serving(LANE) as url:
        buyers = warm_up(stage, url)
        rounds = [
            [sell(stage, url, buyers=buyers, events=number) for number in (1, events)]
            for _ in range(stage.pace.rounds)
        ]
    one, many = zip(*rounds, strict=True)
    return Spread(
        events=events,
        one_event=median(turn.rate for turn in one),
        many_events=median(turn.rate for turn in many),
        generator_share=max(turn.generator_share for turn in (*one, *many)),
    )
