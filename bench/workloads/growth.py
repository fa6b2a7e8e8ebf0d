"""Growth: what a booking costs while the tables fill up, through the service itself.

Each size has a database of its own, so that the sizes can take turns.
"""

import time
from dataclasses import dataclass
from statistics import median
from uuid import UUID

from django.db import connection
from django.utils.timezone import now

from bench import rows
from bench.report import Ratio
from bench.stage import Stage
from bookings import services

SINGLE, BATCH = 1, 64
SEATS = 1_000
WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Size:
    """A database with so many rows, and its people, who can buy."""

    bookings: int
    events: int
    people: list[UUID]

    @property
    def database(self) -> str:
        return f"growth_{self.bookings}"


@dataclass(frozen=True)
class Growth:
    """Milliseconds a booking takes alone, and in a batch of 64, by the number of bookings."""

    single_ms: dict[int, float]
    batch_ms: dict[int, float]
    generator_share: float = 0.0

    @property
    def ratios(self) -> list[Ratio]:
        least, *_, most = self.single_ms
        worse = max(found[most] / found[least] for found in (self.single_ms, self.batch_ms))
        return [Ratio(f"growth, cost at {most:,} ÷ cost at {least:,}", worse, 1.3, 1.1)]

    @property
    def figures(self) -> dict[str, str]:
        return {
            f"{bookings:,} bookings": f"{alone:.2f} ms alone, {self.batch_ms[bookings]:.3f} ms in"
            f" a batch of {BATCH}"
            for bookings, alone in self.single_ms.items()
        }


def measure(stage: Stage) -> Growth:
    """Medians over the batches of all rounds."""
    sizes = [_fill(stage, *size) for size in stage.pace.growth]
    spent: dict[tuple[int, int], list[float]] = {}
    ours = connection.settings_dict["NAME"]
    for _ in range(stage.pace.rounds):
        for place, size in enumerate(sizes):
            for batch in (SINGLE, BATCH):
                spent.setdefault((place, batch), []).extend(_book(stage, size, batch))
    _use(ours)
    cost = {key: median(times) * 1000 / key[1] for key, times in spent.items()}
    return Growth(
        single_ms={size.bookings: cost[place, SINGLE] for place, size in enumerate(sizes)},
        batch_ms={size.bookings: cost[place, BATCH] for place, size in enumerate(sizes)},
    )


def _fill(stage: Stage, bookings: int, events: int) -> Size:
    """A database of the same schema with these rows alone."""
    _use(connection.settings_dict["NAME"])
    name = f"growth_{bookings}"
    stage.rows.execute(f"CREATE DATABASE {name} TEMPLATE evently".encode())
    with stage.connect(name) as table:
        table.execute("TRUNCATE accounts_user, events_organiser CASCADE")
        people = rows.add_people(table, BATCH * (stage.pace.batches + WARM_UP))
        rows.add_events(table, number=events, seats=SEATS)
        rows.add_bookings(table, bookings)
        rows.settle(table)
    return Size(bookings, events, [UUID(person) for person in people])


def _book(stage: Stage, size: Size, batch: int) -> list[float]:
    """Seconds that each batch took, all for one new event, after some that are not counted."""
    with stage.connect(size.database) as table:
        [event_id] = rows.add_events(table, number=1, seats=len(size.people))
    _use(size.database)
    return [
        _time(UUID(event_id), size.people[start : start + batch])
        for start in range(0, batch * (stage.pace.batches + WARM_UP), batch)
    ][WARM_UP:]


def _time(event_id: UUID, people: list[UUID]) -> float:
    requests = [services.BookingRequest(user_id=person, quantity=1) for person in people]
    begun = time.perf_counter()
    outcomes = services.book_batch(event_id=event_id, requests=requests, now=now())
    spent = time.perf_counter() - begun
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return spent


def _use(database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database
