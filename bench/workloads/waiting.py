"""Waiting: what cancelling a booking costs while many wait for its seats, through the service.

Two events take turns: one with a line, whose first gets an offer each time, and one without.
"""

import time
from dataclasses import dataclass
from uuid import UUID

from django.utils.timezone import now

from bench import rows
from bench.report import Ratio
from bench.stage import Stage
from bookings import services
from bookings.models import Booking
from bookings.proof.report import percentile

TURNS = 300
WARM_UP = 20


@dataclass(frozen=True)
class Waiting:
    """Milliseconds that cancelling takes, by how many people wait."""

    people: int
    p50_ms: dict[int, float]
    p95_ms: dict[int, float]
    generator_share: float = 0.0

    @property
    def ratios(self) -> list[Ratio]:
        ratio = self.p95_ms[self.people] / self.p95_ms[0]
        return [Ratio(f"waiting, p95 of cancelling with {self.people:,} ÷ with none", ratio, 3, 2)]

    @property
    def figures(self) -> dict[str, str]:
        return {
            f"{people:,} people wait": f"p50 {p50:.2f} ms, p95 {self.p95_ms[people]:.2f} ms"
            for people, p50 in self.p50_ms.items()
        }


def measure(stage: Stage) -> Waiting:
    """Percentiles over the turns after a warm-up."""
    people = stage.pace.waiting
    seats = TURNS + WARM_UP
    persons = rows.add_people(stage.rows, 2 * seats + people)
    events = rows.add_events(stage.rows, number=2, seats=seats)
    rows.add_bookings(stage.rows, 2 * seats)
    # Whoever has a booking does not wait; bookings go to those who came first.
    rows.add_line(stage.rows, events[0], persons[2 * seats :])
    rows.settle(stage.rows)
    crowded, empty = (_bookings_of(event) for event in events)
    spent: dict[int, list[float]] = {people: [], 0: []}
    for with_line, without in zip(crowded, empty, strict=True):
        spent[people].append(_cancel(with_line))
        spent[0].append(_cancel(without))
    measured = {size: [1000 * one for one in times[WARM_UP:]] for size, times in spent.items()}
    return Waiting(
        people=people,
        p50_ms={size: percentile(times, 50) for size, times in measured.items()},
        p95_ms={size: percentile(times, 95) for size, times in measured.items()},
    )


def _bookings_of(event_id: str) -> list[Booking]:
    return list(Booking.objects.filter(event=UUID(event_id)).select_related("user").order_by("pk"))


def _cancel(booking: Booking) -> float:
    begun = time.perf_counter()
    services.cancel_booking(reference=booking.reference, by=booking.user, now=now())
    return time.perf_counter() - begun
