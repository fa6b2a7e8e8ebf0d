"""Sending requests as fast as asked for, by a program beside the server.

That program is wrk with `wrk/replay.lua`; where wrk is not installed it is `bench.generator`, in
Python, which costs several times as much of the cores. Both read the same file of requests and
print the same line of JSON.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPLAY = Path(__file__).parent / "wrk" / "replay.lua"
# The name of the site, at whatever port a side listens: of other names the edge keeps little.
SITE = "localhost:8000"
LONGEST_SECONDS = 120
# wrk sets aside memory for every microsecond of it.
ANSWER_PATIENCE_SECONDS = 30
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LoadFailed(Exception):
    """The load generator ended with an error, or answers were lost."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back, and how soon.

    Args:
        bad: answers with a status of 400 or more.
        lost: connections that broke.
        statuses: how many of each status; empty after a load for a number of seconds.
        seconds: from the first request to the last answer.
        generator_share: the part of all cores that the load generator used, 0 to 1.
    """

    answers: int
    bad: int
    lost: int
    statuses: dict[str, int]
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    generator_share: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def line(method: str, path: str, *, token: str = "", body: str = "") -> str:
    """One request of a file of requests."""
    return f"{method}\t{path}\t{token}\t{body}"


def send_each(
    url: str, lines: Sequence[str], *, connections: int, mean_pause_ms: float = 0
) -> Answers:
    """Send each request once; returns when the last is answered.

    Args:
        mean_pause_ms: between an answer and the next request of a connection; any pause up to
            twice as long is as likely. With many connections the requests come like those of many
            people, whether the server answers soon or not.

    Raises:
        LoadFailed: not each of them was answered.
    """
    found = _run(url, lines, connections, LONGEST_SECONDS, ["once", str(mean_pause_ms)])
    # Connections that broke afterwards, for example as they were idle, are no loss.
    if found.answers != len(lines):
        raise LoadFailed(f"{url}: {len(lines)} requests and {found.answers} answers")
    return found


def send_over_and_over(
    url: str, lines: Sequence[str], *, connections: int, seconds: float, mean_pause_ms: float = 0
) -> Answers:
    """Send the requests in turn, again and again, until the time is up."""
    return _run(url, lines, connections, seconds, ["over", str(mean_pause_ms)])


def generator() -> str:
    """Which program makes the load."""
    return "wrk" if shutil.which("wrk") else "Python (wrk is not installed)"


def _run(
    url: str, lines: Sequence[str], connections: int, seconds: float, mode: list[str]
) -> Answers:
    with tempfile.TemporaryDirectory(prefix="evently-bench-") as folder:
        requests = Path(folder) / "requests"
        requests.write_text("".join(f"{line}\n" for line in lines))
        argv = _argv(url, min(connections, len(lines)), seconds, [str(requests), *mode])
        before = _cpu_seconds_of_ended_children()
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        spent = _cpu_seconds_of_ended_children() - before
    if done.returncode:
        raise LoadFailed(f"{argv[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    figures = json.loads(done.stdout.splitlines()[-1])
    return Answers(**figures, generator_share=spent / figures["seconds"] / CORES)


def _argv(url: str, connections: int, seconds: float, replay: list[str]) -> list[str]:
    if not shutil.which("wrk"):
        python = [sys.executable, "-m", "bench.generator"]
        return [*python, url, str(connections), str(seconds), SITE, *replay]
    # One thread is enough for 20 000 requests a second, and the rest is for the server.
    wrk = ["wrk", "-t1", f"-c{connections}", f"-d{round(seconds)}"]
    patience = f"--timeout={ANSWER_PATIENCE_SECONDS}s"
    return [*wrk, patience, "-s", str(REPLAY), url, "--", SITE, *replay]


def _cpu_seconds_of_ended_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
