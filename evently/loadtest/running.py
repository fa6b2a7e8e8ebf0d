"""Locust as a program of its own, and what it found."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bookings.proof.plan import Buyer
from events.models import Event

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
# What a class in the locustfile is called by its operators.
PROFILES = {"rush": "Rush", "browse": "Browse", "mixed": "Mixed"}


class LocustFailed(Exception):
    """Locust ended with an error; the message is what it printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What load to make, for so many seconds, and where the HTML report goes."""

    url: str
    profile: str
    users: int
    seconds: int
    report: Path


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of it; `p_ms` are the percentiles 50, 95 and 99 of all requests.

    Args:
        booked: bookings that were confirmed (and given back).
        limited: requests that a rate limit refused; they are no failures.
        errors: how often each failure happened.
    """

    requests: int
    failures: int
    seconds: float
    p_ms: list[float]
    booked: int
    limited: int
    errors: dict[str, int]


def run_locust(options: Options, *, event: Event, buyers: Sequence[Buyer]) -> Summary:
    """Let Locust make the load; returns when it is done.

    Raises:
        LocustFailed: it could not.
    """
    with tempfile.TemporaryDirectory(prefix="evently-loadtest-") as folder:
        plan, summary = Path(folder) / "plan.json", Path(folder) / "summary.json"
        tokens = [buyer.token for buyer in buyers]
        plan.write_text(json.dumps({"event_id": str(event.pk), "tokens": tokens}))
        done = subprocess.run(
            [*_argv(options), "--plan", str(plan), "--summary", str(summary)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise LocustFailed(done.stderr or done.stdout)
        return Summary(**json.loads(summary.read_text()))


def _argv(options: Options) -> list[str]:
    words = {
        "--locustfile": LOCUSTFILE,
        "--host": options.url.rstrip("/"),
        "--users": options.users,
        # All of them within a second.
        "--spawn-rate": options.users,
        "--run-time": f"{options.seconds}s",
        "--html": options.report,
        "--loglevel": "WARNING",
    }
    pairs = [str(word) for pair in words.items() for word in pair]
    locust = [sys.executable, "-m", "locust", "--headless", "--only-summary"]
    return [*locust, *pairs, PROFILES[options.profile]]
