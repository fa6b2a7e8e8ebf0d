"""How good told odds were, now that it is known what came."""

from collections.abc import Sequence
from dataclasses import dataclass

from waitlist.odds.model import Odds

DECILES = 10


@dataclass(frozen=True, slots=True)
class Trial:
    """What was told of a place, and how many seconds it waited for an offer; None: it got none."""

    odds: Odds
    waited: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """Places of which a chance of one decile was told: on average, and what came."""

    decile: int
    places: int
    told: float
    came: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How good the odds of many places were.

    Args:
        base_rate: the share of places that got an offer.
        brier: the mean square of chance told minus what came (1 or 0): 0 is perfect.
            (Brier, "Verification of forecasts expressed in terms of probability", 1950.)
        base_brier: the same when the base rate is told of every place.
        waits: places that got an offer and of which a range of waits was told.
        covered: the share of these whose wait lay in it; 0.8 is meant.
    """

    places: int
    base_rate: float
    brier: float
    base_brier: float
    table: tuple[Row, ...]
    waits: int
    covered: float

    @property
    def skill(self) -> float:
        """How much of the base rate's error the odds take away: 1 is all, below 0 is worse."""
        return 1 - self.brier / self.base_brier if self.base_brier else 0.0


def judge(trials: Sequence[Trial]) -> Verdict:
    """Compare what was told with what came; `trials` has one at least."""
    told = [trial.odds.chance.likely for trial in trials]
    came = [float(trial.waited is not None) for trial in trials]
    base_rate = sum(came) / len(came)
    covered = [
        trial.odds.wait.low <= trial.waited <= trial.odds.wait.high
        for trial in trials
        if trial.odds.wait is not None and trial.waited is not None
    ]
    return Verdict(
        places=len(trials),
        base_rate=base_rate,
        brier=_brier(told, came),
        base_brier=_brier([base_rate] * len(came), came),
        table=_table(told, came),
        waits=len(covered),
        covered=sum(covered) / len(covered) if covered else 0.0,
    )


def _brier(told: Sequence[float], came: Sequence[float]) -> float:
    return sum((t - c) ** 2 for t, c in zip(told, came, strict=True)) / len(came)


def _table(told: Sequence[float], came: Sequence[float]) -> tuple[Row, ...]:
    deciles: dict[int, list[tuple[float, float]]] = {}
    for pair in zip(told, came, strict=True):
        deciles.setdefault(min(DECILES - 1, int(pair[0] * DECILES)), []).append(pair)
    return tuple(
        Row(
            decile=decile,
            places=len(pairs),
            told=sum(t for t, _ in pairs) / len(pairs),
            came=sum(c for _, c in pairs) / len(pairs),
        )
        for decile, pairs in sorted(deciles.items())
    )
