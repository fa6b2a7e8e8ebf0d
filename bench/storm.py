"""Parts are killed while people buy: nothing is lost, nothing is sold twice, nobody waits for long.

`python -m bench.storm [--kills N] [--buyers N]` lets buyers book seat after seat. Each booking has
an Idempotency-Key, and its buyer sends it again, with that key, until it is answered. Meanwhile
the web process, Valkey, PostgreSQL and the worker are killed (SIGKILL) in turn, N times each, and
started again at once. It prints what happened for each part, and ends with an error when an
acknowledged booking is not in the database, when a key booked twice, or when somebody waited for
longer than five seconds after the part was back.

A connection that is refused is counted and tried again: whether there are any is for the supervisor
of the web process.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from uuid import uuid4

from bench.storm_parts import HOST, Parts, Sale

LONGEST_WAIT_SECONDS = 5.0
# Beyond this an answer is given up, and the storm ends with an error.
PATIENCE_SECONDS = 300.0
REQUEST_SECONDS = 15.0
# Between two bookings of a buyer, and before a request is sent again that was cut off.
PAUSE_SECONDS = 0.5
AGAIN_SECONDS = 0.25
# How long everybody buys undisturbed before a part is killed.
CALM_SECONDS = 1.0
NAMES = ("web", "valkey", "postgres", "worker")


@dataclass(slots=True)
class Wish:
    """One booking that somebody wants, with its key.

    Args:
        begun, answered: seconds of the monotonic clock.
        trouble: what came instead of an answer, how often.
    """

    key: str
    begun: float
    answered: float = 0.0
    reference: str = ""
    trouble: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Blow:
    """A part was killed, and is back."""

    part: str
    killed: float
    back: float


@dataclass(slots=True)
class Report:
    """What a storm came to; all of it once everybody has been answered."""

    blows: list[Blow]
    wishes: list[Wish]
    # The references in the database, and how many bookings the event's counter has.
    rows: set[str]
    seats_taken: int

    @property
    def lost(self) -> set[str]:
        """Acknowledged and not in the database."""
        return {wish.reference for wish in self.wishes} - self.rows

    @property
    def unasked(self) -> int:
        """Bookings in the database beyond one for each key."""
        return max(len(self.rows), self.seats_taken) - len(self.wishes)

    def caught_by(self, blow: Blow) -> list[Wish]:
        """Those who waited for an answer at some moment while the part was away."""
        return [
            wish for wish in self.wishes if wish.begun < blow.back and wish.answered > blow.killed
        ]

    def waits(self, part: str) -> list[float]:
        """Seconds from the part's return to the answer, of everybody who waited then."""
        return [
            max(0.0, wish.answered - blow.back)
            for blow in self.blows
            if blow.part == part
            for wish in self.caught_by(blow)
        ]

    def trouble(self, part: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for blow in self.blows:
            if blow.part == part:
                for wish in self.caught_by(blow):
                    found += wish.trouble
        return found

    def broken_promises(self) -> list[str]:
        late = [part for part in NAMES if max(self.waits(part), default=0) > LONGEST_WAIT_SECONDS]
        return [
            *([f"{len(self.lost)} bookings were lost"] if self.lost else []),
            *([f"{self.unasked} bookings too many"] if self.unasked else []),
            *(f"somebody waited too long after {part} was back" for part in late),
        ]


class Buyer(threading.Thread):
    """Buys seat after seat until `done`; sends each request again until it is answered."""

    def __init__(self, sale: Sale, token: str, port: int, done: threading.Event) -> None:
        super().__init__(daemon=True)
        self.wishes: list[Wish] = []
        self.failure: Exception | None = None
        self._body = json.dumps({"event_id": sale.event_id, "quantity": 1})
        self._token, self._port, self._done = token, port, done
        self._connection: HTTPConnection | None = None

    def run(self) -> None:
        try:
            while not self._done.is_set():
                wish = Wish(key=uuid4().hex, begun=time.monotonic())
                self.wishes.append(wish)
                self._get_answered(wish)
                self._done.wait(PAUSE_SECONDS)
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self.failure = error
        finally:
            self._hang_up()

    def is_waiting_since_before(self, moment: float) -> bool:
        last = self.wishes[-1] if self.wishes else None
        return last is not None and last.begun < moment and not last.answered

    def _get_answered(self, wish: Wish) -> None:
        while time.monotonic() < wish.begun + PATIENCE_SECONDS:
            try:
                pause = self._ask(wish)
            except ConnectionRefusedError:
                pause = self._note(wish, "refused")
            except (OSError, HTTPException):
                pause = self._note(wish, "cut")
            if pause is None:
                wish.answered = time.monotonic()
                return
            time.sleep(pause)
        raise TimeoutError(f"A booking was not answered within {PATIENCE_SECONDS:g} s")

    def _note(self, wish: Wish, what: str) -> float:
        wish.trouble[what] += 1
        self._hang_up()
        return AGAIN_SECONDS

    def _ask(self, wish: Wish) -> float | None:
        """Send it; None when it is booked, else the seconds to wait before the next try."""
        if self._connection is None:
            self._connection = HTTPConnection(HOST, self._port, timeout=REQUEST_SECONDS)
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Idempotency-Key": wish.key,
        }
        self._connection.request("POST", "/api/v1/bookings", self._body, headers)
        response = self._connection.getresponse()
        said = json.loads(response.read())
        if response.status == 201:
            wish.reference = said["reference"]
            return None
        wish.trouble[said["code"]] += 1
        if "Retry-After" not in response.headers:
            raise RuntimeError(f"A booking was refused: {said}")
        return float(response.headers["Retry-After"])

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


def storm(*, kills: int, buyers: int, folder: Path) -> Report:
    """Let the buyers buy and kill each part so often.

    Raises:
        TimeoutError, RuntimeError: somebody got no answer, or one that is none.
    """
    with Parts(folder) as parts:
        sale = parts.make_sale(buyers)
        with buying(sale, parts.port) as crowd:
            blows = [strike(parts, part, crowd) for _ in range(kills) for part in NAMES]
        wishes = [wish for buyer in crowd for wish in buyer.wishes]
        return Report(blows, wishes, parts.references(sale), parts.seats_taken(sale))


@contextmanager
def buying(sale: Sale, port: int) -> Iterator[list[Buyer]]:
    """Everybody buys while the block runs, and is answered in the end."""
    done = threading.Event()
    crowd = [Buyer(sale, token, port, done) for token in sale.tokens]
    for buyer in crowd:
        buyer.start()
    try:
        yield crowd
    finally:
        done.set()
    for buyer in crowd:
        buyer.join(PATIENCE_SECONDS)
    _raise_failures(crowd)


def strike(parts: Parts, part: str, crowd: list[Buyer]) -> Blow:
    """Kill a part and start it again; returns when all who waited for it have been answered."""
    time.sleep(CALM_SECONDS)
    killed = time.monotonic()
    parts.kill(part)
    parts.start(part)
    back = time.monotonic()
    while any(buyer.is_waiting_since_before(back) for buyer in crowd):
        _raise_failures(crowd)
        time.sleep(0.02)
    waited = time.monotonic() - back
    told = f"{part}: away for {back - killed:.1f} s, the last answer {waited:.1f} s later"
    print(told, file=sys.stderr, flush=True)
    return Blow(part, killed, back)


def _raise_failures(crowd: list[Buyer]) -> None:
    for buyer in crowd:
        if buyer.failure:
            raise buyer.failure


def table(report: Report) -> list[str]:
    lines = [
        "| part | killed | longest away | caught | refused | cut | told to wait | longest wait |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for part in NAMES:
        blows = [blow for blow in report.blows if blow.part == part]
        away = max((blow.back - blow.killed for blow in blows), default=0)
        waits, trouble = report.waits(part), report.trouble(part)
        told = sum(trouble.values()) - trouble["refused"] - trouble["cut"]
        lines.append(
            f"| {part} | {len(blows)} | {away:.1f} s | {len(waits)} | {trouble['refused']} "
            f"| {trouble['cut']} | {told} | {max(waits, default=0):.1f} s |"
        )
    booked = f"{len(report.wishes)} keys, {len(report.rows)} bookings"
    return [*lines, "", f"{booked}, {len(report.lost)} lost, {report.unasked} too many."]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.storm", description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="of each part")
    parser.add_argument("--buyers", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evently-storm-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL may run as another user, below it
        report = storm(kills=arguments.kills, buyers=arguments.buyers, folder=Path(folder))
    broken = report.broken_promises()
    print("\n".join([*table(report), "; ".join(broken) or "All promises were kept."]))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
