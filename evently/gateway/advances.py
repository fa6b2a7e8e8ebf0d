"""Budget taken in advance, for requests to come: a crowd need not ask Redis one by one."""

from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from evently.gateway.tiers import Tier


class Verdict(NamedTuple):
    """What was found for a request.

    `tier` is the one with the least left, or the one that refuses longest; `reset_ms` runs to the
    end of its window, `wait_ms` until a refused request could pass.
    """

    is_allowed: bool
    tier: Tier
    remaining: int
    reset_ms: int
    wait_ms: int


# As many as come in so long are taken in advance; what is left after twice as long is lost.
ENOUGH_FOR_SECONDS = 0.2
GOOD_FOR_SECONDS = 0.5


@dataclass(slots=True)
class Advance:
    """So many may pass until then. `verdict` is that on the last of them."""

    left: int
    verdict: Verdict
    taken_at: float
    used: int = 0


class Advances:
    """Those of one process, by the tiers that requests fall under.

    Whoever asks seldom gets none, and the script gives a small part of what is left at most
    (`sliding_windows.lua`): so next to a limit each request is judged by itself, and the limit is
    exact.

    Args:
        size: of how many callers they are kept; the oldest is forgotten first.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._by_tiers: dict[tuple[Tier, ...], Advance] = {}

    def use(self, tiers: tuple[Tier, ...]) -> Verdict | None:
        """The verdict on a request for which there is budget."""
        advance = self._by_tiers.get(tiers)
        if advance is None or not advance.left:
            return None
        age = monotonic() - advance.taken_at
        if age > GOOD_FOR_SECONDS:
            return None
        advance.left -= 1
        advance.used += 1
        last = advance.verdict
        reset_ms = max(0, last.reset_ms - int(age * 1000))
        return Verdict(True, last.tier, last.remaining + advance.left, reset_ms, 0)

    def wish(self, tiers: tuple[Tier, ...], asking: int) -> int:
        """How many to take, when so many ask together now."""
        before = self._by_tiers.get(tiers)
        if before is None or (age := monotonic() - before.taken_at) > GOOD_FOR_SECONDS:
            return asking - 1  # nothing tells how many come in a second
        return int((before.used + asking) / max(age, 0.001) * ENOUGH_FOR_SECONDS)

    def keep(self, tiers: tuple[Tier, ...], verdict: Verdict, given: int) -> None:
        """Note what was given after that verdict."""
        self._by_tiers.pop(tiers, None)
        if not given:
            return
        if len(self._by_tiers) >= self._size:
            del self._by_tiers[next(iter(self._by_tiers))]
        last = verdict._replace(remaining=verdict.remaining - given)
        self._by_tiers[tiers] = Advance(given, last, monotonic())
