"""Websockets stay for long while seats change: none is lost, and the server does not grow.

`python -m bench.soak [--sockets N] [--seconds S]` tells five changes a second from another process
than the server's, prints the server's memory at intervals, and ends with an error when a socket was
lost, or missed the last change, or when the memory grew after the first quarter of the time.
"""

import argparse
import asyncio
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

import uvloop

from bench.crowd import EVENTLY, SEATS, find_state, marker_of, memory_of, next_version, tell_evently
from bench.listeners import Listeners, raise_file_limit
from bench.pace import FULL
from bench.rows import add_events
from bench.stage import Stage

if TYPE_CHECKING:
    from events.facts import EventStateChanged

CHANGES_A_SECOND = 5
SAMPLES = 40
# What an allocator takes and gives back.
MOST_GROWTH = 0.02


async def soak(url: str, state: "EventStateChanged", *, sockets: int, seconds: float) -> list[str]:
    """What went wrong, in words; nothing when all went well."""
    samples = list[int]()
    empty = memory_of(url)
    async with Listeners(url, f"/ws/events/{state.event_id}/", sockets) as crowd:
        began = time.monotonic()
        for sample in range(1, SAMPLES + 1):
            while time.monotonic() < began + seconds * sample / SAMPLES:
                await tell_evently(url, next_version(state))
                await asyncio.sleep(1 / CHANGES_A_SECOND)
            samples.append(memory_of(url))
            print(_line(time.monotonic() - began, samples[-1], empty, crowd), flush=True)
        last = next_version(state)
        await crowd.seconds_until_all_hear(marker_of(last), lambda: tell_evently(url, last))
        lost = crowd.lost
    return _verdict(samples, lost)


def _line(seconds: float, memory: int, empty: int, crowd: Listeners) -> str:
    each = (memory - empty) / crowd.number / 1024
    return (
        f"{seconds:6.0f} s {memory / 2**20:8.1f} MB {each:6.1f} kB/socket"
        f" {crowd.heard:10} messages {crowd.lost} lost"
    )


def _verdict(samples: list[int], lost: int) -> list[str]:
    settled = samples[len(samples) // 4 :]
    third = len(settled) // 3
    growth = median(settled[-third:]) / median(settled[:third]) - 1
    print(f"memory grew by {growth:.2%} after the first quarter")
    wrong = [f"{lost} sockets were lost"] if lost else []
    return wrong + (["the server grew"] if growth > MOST_GROWTH else [])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--sockets", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=600)
    arguments = parser.parse_args()
    raise_file_limit()
    with Stage(FULL, workers=1) as stage:
        [event_id] = add_events(stage.rows, number=1, seats=SEATS)
        state = find_state(event_id)
        with stage.serving(EVENTLY) as url:
            wrong = uvloop.run(soak(url, state, **vars(arguments)))
    print("; ".join(wrong) or "all sockets stayed, and the server did not grow")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
