"""`manage.py backtest_waitlist`: how good the told chances and waits would have been."""

from random import Random
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from waitlist.odds.history import replay_trials
from waitlist.odds.judging import Trial, Verdict, judge
from waitlist.odds.simulating import simulate_trials


class Command(BaseCommand):
    help = (
        "Compare the odds of waitlists with what came, on made-up histories and on this database's"
        " own events. Ends with an error when they are no better than the base rate on made-up"
        " ones."
    )
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--histories", type=int, default=300, help="how many are made up")
        parser.add_argument("--seed", type=int, default=1, help="of the made-up histories")

    def handle(self, *args: Any, histories: int, seed: int, **options: Any) -> None:
        made_up = list(simulate_trials(histories, rng=Random(seed)))  # noqa: S311 (no secret)
        verdict = self._tell(f"{histories} made-up histories, seed {seed}", made_up)
        own = list(replay_trials(now=timezone.now()))
        self._tell("events of this database that are over", own)
        if verdict is None or verdict.skill <= 0:
            raise SystemExit(1)

    def _tell(self, title: str, trials: list[Trial]) -> Verdict | None:
        self.stdout.write(f"\n{title}")
        if not trials:
            self.stdout.write("  none")
            return None
        verdict = judge(trials)
        self.stdout.write(_described(verdict))
        return verdict


def _described(verdict: Verdict) -> str:
    lines = [
        f"  places              {verdict.places}, of which {verdict.base_rate:.1%} got an offer",
        f"  Brier score         {verdict.brier:.4f}",
        f"  of the base rate    {verdict.base_brier:.4f}",
        f"  skill               {verdict.skill:.1%} of the base rate's error taken away",
        f"  waits in the range  {verdict.covered:.1%} of {verdict.waits} (80% are meant)",
        "  chance told      places   told    came",
    ]
    lines += [
        f"  {10 * row.decile:>3}% to {10 * row.decile + 10:>3}%  {row.places:>9}"
        f"  {row.told:>5.1%}  {row.came:>6.1%}"
        for row in verdict.table
    ]
    return "\n".join(lines)
