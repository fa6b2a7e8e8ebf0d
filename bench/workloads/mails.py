"""Mails: what a booking takes while many mails wait to be sent, beside an empty queue.

The queue stands still, as when no provider takes anything; the two sides take turns.
"""

from dataclasses import dataclass
from statistics import median

from bench import rows
from bench.buying import sell, warm_up
from bench.load import Answers
from bench.report import Ratio
from bench.sides import LANE
from bench.stage import Stage

BOOKINGS_A_SECOND = 100
CONNECTIONS = 50
# Single bookings wait for the disk above all, and it is not always as fast: more turns than others.
ROUNDS = 2


@dataclass(frozen=True)
class Mails:
    """Milliseconds that a booking takes, by how many mails are queued."""

    queued: int
    p50_ms: dict[int, float]
    p95_ms: dict[int, float]
    generator_share: float

    @property
    def ratios(self) -> list[Ratio]:
        ratio = self.p50_ms[self.queued] / self.p50_ms[0]
        return [Ratio(f"mails, booking with {self.queued:,} queued ÷ with none", ratio, 1.1, 1)]

    @property
    def figures(self) -> dict[str, str]:
        return {
            f"{queued:,} mails queued": f"p50 {p50:.2f} ms, p95 {self.p95_ms[queued]:.2f} ms"
            for queued, p50 in self.p50_ms.items()
        }


def measure(stage: Stage) -> Mails:
    """Medians of the rounds."""
    stage.admit_people()
    queued = stage.pace.mails
    rounds: dict[int, list[Answers]] = {queued: [], 0: []}
    with stage.serving(LANE) as url:
        warm_up(stage, url)
        for _ in range(ROUNDS * stage.pace.rounds):
            for number, answers in rounds.items():
                # The disk is as busy with what was written just now, whatever is left of it.
                rows.queue_mails(stage.rows, queued)
                if not number:
                    rows.empty_queue(stage.rows)
                answers.append(_book(stage, url))
    return Mails(
        queued=queued,
        p50_ms={number: median(one.p50_ms for one in found) for number, found in rounds.items()},
        p95_ms={number: median(one.p95_ms for one in found) for number, found in rounds.items()},
        generator_share=max(one.generator_share for found in rounds.values() for one in found),
    )


def _book(stage: Stage, url: str) -> Answers:
    return sell(
        stage,
        url,
        buyers=min(stage.pace.people, round(BOOKINGS_A_SECOND * stage.pace.seconds)),
        connections=CONNECTIONS,
        mean_pause_ms=1000 * CONNECTIONS / BOOKINGS_A_SECOND,
    )
