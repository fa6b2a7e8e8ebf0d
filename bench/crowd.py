"""A crowd looks at one event: how soon the last one sees a change, and what each one weighs.

`python -m bench.crowd [--sockets N]` measures three sides on the server that Evently uses, one
process each: Evently, where another process tells the change through Redis; a group of the Redis
channel layer, told in the same way; and a bare ASGI function that is told by a request.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from http.client import HTTPConnection
from itertools import count
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
import uvloop

from bench.listeners import Listeners, raise_file_limit
from bench.load import CORES
from bench.pace import FULL
from bench.rows import add_events
from bench.sides import Side
from bench.stage import Stage

if TYPE_CHECKING:
    from events.facts import EventStateChanged

Tell = Callable[[str, "EventStateChanged"], Awaitable[None]]

EVENTLY = Side("evently")
GROUP_SEND = Side("group_send", ("-m", "bench.sides.group_send"))
BROADCAST = Side("broadcast", ("-m", "bench.sides.broadcast"))

CHANGES = 9
SEATS = 1_000_000
# The count of viewers, which follows those who come, is told once a second.
QUIET_SECONDS = 1.5
versions = count(2)


@dataclass(frozen=True, slots=True)
class Reach:
    """Milliseconds from a change to the last socket, and the server's memory for each socket."""

    last_ms: float
    kilobytes_per_socket: float
    generator_share: float


@dataclass(frozen=True, slots=True)
class Crowd:
    """What each side needs for so many sockets."""

    sockets: int
    evently: Reach
    group_send: Reach
    broadcast: Reach

    @property
    def evently_to_broadcast(self) -> float:
        return self.evently.last_ms / self.broadcast.last_ms

    @property
    def group_send_to_evently(self) -> float:
        return self.group_send.last_ms / self.evently.last_ms

    @property
    def generator_share(self) -> float:
        return max(side.generator_share for side in (self.evently, self.group_send, self.broadcast))


def measure_crowd(stage: Stage, *, sockets: int, changes: int = CHANGES) -> Crowd:
    """Each side with a crowd of its own, one after the other; medians of the changes."""
    raise_file_limit()  # servers started from here inherit it
    [event_id] = add_events(stage.rows, number=1, seats=SEATS)
    state = find_state(event_id)
    reaches = {
        side.name: _measure_side(stage, side, state, sockets=sockets, changes=changes)
        for side in (BROADCAST, EVENTLY, GROUP_SEND)
    }
    return Crowd(sockets=sockets, **reaches)


def find_state(event_id: str) -> "EventStateChanged":
    """How the event stands, by its row."""
    from events.facts import EventStateChanged
    from events.models import Event

    return EventStateChanged.of(Event.objects.get(pk=event_id))


def next_version(state: "EventStateChanged") -> "EventStateChanged":
    """The event with a seat less."""
    version = next(versions)
    return replace(state, version=version, available_seats=SEATS - version)


def marker_of(state: "EventStateChanged") -> str:
    """What this state's message has, and no other."""
    return f'"version":{state.version},'


def _measure_side(
    stage: Stage, side: Side, state: "EventStateChanged", *, sockets: int, changes: int
) -> Reach:
    with stage.serving(side) as url:
        listen = _listen(side, url, state, sockets=sockets, changes=changes)
        return uvloop.run(listen)


async def _listen(
    side: Side, url: str, state: "EventStateChanged", *, sockets: int, changes: int
) -> Reach:
    path, tell = f"/ws/events/{state.event_id}/", TELLS[side.name]
    async with Listeners(url, path, 1) as first:  # whatever is loaded late is loaded now
        await _change(first, tell, url, state)
    before = memory_of(url)
    async with Listeners(url, path, sockets) as crowd:
        await crowd.quiet(QUIET_SECONDS)
        weight = memory_of(url) - before
        measured = [await _change(crowd, tell, url, state) for _ in range(1 + changes)][1:]
    return Reach(
        last_ms=round(1000 * median(seconds for seconds, _ in measured), 1),
        kilobytes_per_socket=round(weight / sockets / 1024, 1),
        generator_share=max(share for _, share in measured),
    )


async def _change(
    crowd: Listeners, tell: Tell, url: str, state: "EventStateChanged"
) -> tuple[float, float]:
    """The seconds until the last socket has a change, and the generator's share of the cores."""
    state = next_version(state)
    await crowd.quiet(QUIET_SECONDS / 3)
    busy = time.process_time()
    seconds = await crowd.seconds_until_all_hear(marker_of(state), lambda: tell(url, state))
    return seconds, (time.process_time() - busy) / seconds / CORES


async def tell_evently(url: str, state: "EventStateChanged") -> None:
    """As a process does that has booked: the fact goes to its newsroom, and to Redis."""
    from events.live import announcer

    announcer.announce(state)


async def _tell_group(url: str, state: "EventStateChanged") -> None:
    from bench.sides.group_send import tell
    from events.live.messages import seats_text

    await tell(seats_text(state))


async def _tell_broadcast(url: str, state: "EventStateChanged") -> None:
    from events.live.messages import seats_text

    def post() -> None:
        connection = HTTPConnection(urlsplit(url).netloc)
        connection.request("POST", "/", seats_text(state))
        connection.getresponse().read()
        connection.close()

    await asyncio.to_thread(post)


TELLS = {"evently": tell_evently, "group_send": _tell_group, "broadcast": _tell_broadcast}


def memory_of(url: str) -> int:
    """Bytes of the server program that was started from here on this port, its children included.

    What they share is counted more than once: look at differences.
    """
    port = str(urlsplit(url).port)
    [server] = [child for child in psutil.Process().children() if port in child.cmdline()]
    family = [server, *server.children(recursive=True)]
    return sum(process.memory_info().rss for process in family)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.crowd", description=__doc__)
    parser.add_argument("--sockets", type=int, default=5_000)
    with Stage(FULL, workers=1) as stage:
        crowd = measure_crowd(stage, sockets=parser.parse_args().sockets)
    print(json.dumps(asdict(crowd), indent=2))
    print(f"evently ÷ bare broadcast: {crowd.evently_to_broadcast:.2f}")
    print(f"group_send ÷ evently: {crowd.group_send_to_evently:.2f}")


if __name__ == "__main__":
    main()
