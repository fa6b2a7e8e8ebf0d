"""Drop: ten buyers for each seat come all at once, each over a connection of their own."""

from dataclasses import dataclass
from statistics import median

from bench.buying import booking_lines, check, warm_up
from bench.load import Answers, send_each
from bench.report import Ratio
from bench.rows import add_events
from bench.sides import LANE
from bench.stage import Stage

BUYERS_FOR_A_SEAT = 10


@dataclass(frozen=True)
class Drop:
    """Seconds until everybody has an answer; everybody's wait from their own request on."""

    buyers: int
    seats: int
    seconds: float
    p50_ms: float
    p99_ms: float
    generator_share: float

    @property
    def ratios(self) -> list[Ratio]:
        return []

    @property
    def figures(self) -> dict[str, str]:
        return {
            "buyers, seats": f"{self.buyers:,}, {self.seats:,}: each seat sold once",
            "everybody has an answer after": f"{self.seconds:.2f} s",
            "wait of a buyer": f"p50 {self.p50_ms:.0f} ms, p99 {self.p99_ms:.0f} ms",
        }


def measure(stage: Stage) -> Drop:
    """Medians of the rounds."""
    stage.admit_people()
    buyers = stage.pace.drop
    with stage.serving(LANE) as url:
        warm_up(stage, url)
        rounds = [_drop(stage, url, buyers) for _ in range(stage.pace.rounds)]
    return Drop(
        buyers=buyers,
        seats=buyers // BUYERS_FOR_A_SEAT,
        seconds=median(answers.seconds for answers in rounds),
        p50_ms=median(answers.p50_ms for answers in rounds),
        p99_ms=median(answers.p99_ms for answers in rounds),
        generator_share=max(answers.generator_share for answers in rounds),
    )


def _drop(stage: Stage, url: str, buyers: int) -> Answers:
    seats = buyers // BUYERS_FOR_A_SEAT
    event_ids = add_events(stage.rows, number=1, seats=seats)
    lines = booking_lines(stage.tokens[:buyers], event_ids)
    answers = send_each(url, lines, connections=buyers)
    check(stage, event_ids, answers, {"201": seats, "409": buyers - seats})
    return answers
