"""Browse: strangers look at lists and at events, a few of which are famous, while seats are sold.

Which event somebody looks at, or books, follows Zipf's law: the n-th most famous one is looked at
1/n times as often as the first.
"""

import random
import re
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from statistics import median
from urllib.request import urlopen

from bench.buying import AMPLE, CONNECTIONS, Wrong, booking_lines
from bench.load import Answers, line, send_each, send_over_and_over
from bench.report import Ratio
from bench.rows import add_events, tally
from bench.sides import LANE, UNCACHED, floor_of
from bench.sides.floor import record
from bench.stage import Stage

VISITS = 60_000
BOOKINGS_A_SECOND = 10
BUYERS_AT_ONCE = 8
# Without caches more than that only wait, on a slow machine too long, and are then sent away.
CONNECTIONS_UNCACHED = 16
LISTS = (
    *("/", "/?when=quarter", "/?price=20", "/?search=hall"),
    *("/api/v1/events", "/api/v1/events?limit=50", "/api/v1/events?available=true"),
    *("/api/v1/events?ordering=price", "/api/v1/events/popular"),
)
# How often each kind is asked for.
EVENT_PAGES, EVENTS, LIST = 40, 30, 30
ASKED = re.compile(r'evently_cache_requests_total\{layer="(\w+)",outcome="(\w+)"\} (\S+)')
LAYERS = ("l1", "l2")
FROM_THE_CACHE = ("hit", "stale")


@dataclass(frozen=True)
class Browse:
    """Answers a second; of what a cache could answer, the parts that it did, by layer."""

    events: int
    lane: float
    uncached: float
    floor: float
    p50_ms: float
    p99_ms: float
    hit_ratios: dict[str, float]
    generator_share: float

    @property
    def ratios(self) -> list[Ratio]:
        return [
            Ratio("browse, cached ÷ bare floor", self.lane / self.floor, 0.4, 0.7),
            Ratio("browse, hit ratio of L1", self.hit_ratios["l1"], 0.7, 0.95),
            Ratio("browse, hit ratio of L2", self.hit_ratios["l2"], 0.85, 0.95),
        ]

    @property
    def figures(self) -> dict[str, str]:
        return {
            "caches on": f"{self.lane:.0f} answers/s, p50 {self.p50_ms:.1f} ms,"
            f" p99 {self.p99_ms:.0f} ms",
            "caches off": f"{self.uncached:.0f} answers/s",
            "bare floor": f"{self.floor:.0f} answers/s",
            "meanwhile": f"{BOOKINGS_A_SECOND} bookings/s over {self.events:,} events",
        }


class Visitors:
    """Those who browse and those who book, everybody once."""

    def __init__(self, stage: Stage, events: Sequence[str]) -> None:
        self._seconds = stage.pace.seconds
        self._buyers = iter(stage.tokens)
        self._events = events
        self._weights = [1 / rank for rank in range(1, len(events) + 1)]
        self._random = random.Random(1)
        self.visits = self._plan_visits()
        self.pages = sorted(set(self.visits))

    def see_everything(self, url: str) -> None:
        """Visit each page once, as has happened on a server that has run for some minutes."""
        send_each(url, self.pages, connections=CONNECTIONS)

    def come(self, url: str, *, connections: int) -> Answers:
        """Browse as fast as the server answers, while some book at a steady rate.

        Raises:
            Wrong: somebody was refused.
        """
        number = round(self._seconds * BOOKINGS_A_SECOND)
        with ThreadPoolExecutor(1) as pool:
            booking = pool.submit(self._book, url, number)
            answers = send_over_and_over(
                url, self.visits, connections=connections, seconds=self._seconds
            )
        booked = booking.result().statuses
        if answers.bad or answers.lost or booked != {"201": number}:
            raise Wrong(f"While browsing {url}: {answers}; bookings: {booked}.")
        return answers

    def _book(self, url: str, number: int) -> Answers:
        lines = booking_lines(list(islice(self._buyers, number)), self._some_events(number))
        pause_ms = 1000 * BUYERS_AT_ONCE / BOOKINGS_A_SECOND
        return send_each(url, lines, connections=BUYERS_AT_ONCE, mean_pause_ms=pause_ms)

    def _plan_visits(self) -> list[str]:
        kinds = self._random.choices(
            ["/events/{}/", "/api/v1/events/{}", ""], [EVENT_PAGES, EVENTS, LIST], k=VISITS
        )
        return [
            line("GET", kind.format(event) or self._random.choice(LISTS))
            for kind, event in zip(kinds, self._some_events(VISITS), strict=True)
        ]

    def _some_events(self, number: int) -> list[str]:
        return self._random.choices(self._events, self._weights, k=number)


def measure(stage: Stage) -> Browse:
    """Medians of the rounds, in which the sides take turns."""
    stage.admit_people()
    stage.collect_static()
    events = add_events(stage.rows, number=stage.pace.events, seats=AMPLE)
    visitors = Visitors(stage, events)
    with stage.serving_all(LANE, UNCACHED) as urls:
        visitors.see_everything(urls["lane"])
        asked = [*visitors.pages, *booking_lines(stage.tokens[-1:], events[-1:])]
        answers = record(urls["lane"], asked, stage.folder / "browse.json")
        with stage.serving(floor_of(answers)) as urls["floor"]:
            before = _asked(urls["lane"])
            rounds = [
                {
                    side: visitors.come(
                        url,
                        connections=CONNECTIONS_UNCACHED if side == "uncached" else CONNECTIONS,
                    )
                    for side, url in urls.items()
                }
                for _ in range(stage.pace.rounds)
            ]
            after = _asked(urls["lane"])
    if tally(stage.rows, events).unsound:
        raise Wrong("The seats of an event that was booked while browsing do not add up.")
    rates = {side: median(turns[side].rate for turns in rounds) for side in rounds[0]}
    return Browse(
        events=len(events),
        **rates,
        p50_ms=median(turns["lane"].p50_ms for turns in rounds),
        p99_ms=median(turns["lane"].p99_ms for turns in rounds),
        hit_ratios={layer: _hit_ratio(after[layer] - before[layer]) for layer in LAYERS},
        generator_share=max(turn.generator_share for turns in rounds for turn in turns.values()),
    )


def _asked(url: str) -> dict[str, Counter[str]]:
    """How often each cache of that server was asked, by what came of it."""
    with urlopen(f"{url}/metrics") as response:
        text = response.read().decode()
    asked: dict[str, Counter[str]] = {layer: Counter() for layer in LAYERS}
    for layer, outcome, number in ASKED.findall(text):
        asked.setdefault(layer, Counter())[outcome] = int(float(number))
    return asked


def _hit_ratio(asked: Counter[str]) -> float:
    """What was answered from the cache, of what may be kept in it."""
    found = sum(asked[outcome] for outcome in FROM_THE_CACHE)
    return found / ((found + asked["miss"]) or 1)
