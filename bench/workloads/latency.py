"""Latency: how long a whole booking takes at half the rate at which the lane is full.

People come by themselves, not one after the other's answer: many connections pause at random, and
few of them wait at any time, so a slow answer hardly keeps the next request from being sent.
"""

from dataclasses import dataclass
from statistics import median

from bench.buying import sell, warm_up
from bench.load import Answers
from bench.report import Ratio
from bench.sides import LANE
from bench.stage import Stage

MOST_CONNECTIONS = 512
LONGEST_MEAN_PAUSE_SECONDS = 1


@dataclass(frozen=True)
class Latency:
    """Milliseconds from the request to the answer; `peak` and `rate` in bookings a second."""

    peak: float
    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    generator_share: float

    @property
    def ratios(self) -> list[Ratio]:
        return [Ratio("p99 ÷ p50 at half peak", self.p99_ms / self.p50_ms, 4, 2.5)]

    @property
    def figures(self) -> dict[str, str]:
        return {
            "rate, of a peak": f"{self.rate:.0f} of {self.peak:.0f} bookings/s",
            "p50, p95, p99": f"{self.p50_ms:.1f}, {self.p95_ms:.1f}, {self.p99_ms:.1f} ms",
        }


def measure(stage: Stage) -> Latency:
    """Find the peak, then the medians of the rounds at half of it."""
    stage.admit_people()
    with stage.serving(LANE) as url:
        peak = sell(stage, url, buyers=warm_up(stage, url)).rate
        rounds = [_half(stage, url, peak / 2) for _ in range(stage.pace.rounds)]
    return Latency(
        peak=peak,
        rate=median(answers.rate for answers in rounds),
        p50_ms=median(answers.p50_ms for answers in rounds),
        p95_ms=median(answers.p95_ms for answers in rounds),
        p99_ms=median(answers.p99_ms for answers in rounds),
        generator_share=max(answers.generator_share for answers in rounds),
    )


def _half(stage: Stage, url: str, rate: float) -> Answers:
    buyers = min(stage.pace.people, round(rate * stage.pace.seconds))
    connections = min(MOST_CONNECTIONS, round(rate * LONGEST_MEAN_PAUSE_SECONDS))
    pause_ms = 1000 * connections / rate
    return sell(stage, url, buyers=buyers, connections=connections, mean_pause_ms=pause_ms)
