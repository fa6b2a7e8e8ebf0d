"""The inventory equation, recounted from rows."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from evently.transactions import frozen_view, unit_of_work
from events.inventory import count_claims, take_seats
from events.locks import lock_event
from events.models import Event, InventoryAudit

logger = logging.getLogger(__name__)
BATCH = 1_000
KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Drift:
    """One event that breaks the equation; `seats` is what the counter shows too many (or, below
    nought, too few)."""

    event_id: UUID
    name: str
    capacity: int
    available_seats: int
    claims: dict[str, int]

    @property
    def seats(self) -> int:
        return self.available_seats + sum(self.claims.values()) - self.capacity

    @property
    def is_oversold(self) -> bool:
        """Whether more seats are claimed than there are: only people can put that right."""
        return sum(self.claims.values()) > self.capacity


@dataclass(frozen=True, slots=True)
class AuditReport:
    events: int
    drifts: list[Drift]

    @property
    def drift_seats(self) -> int:
        """Seats that are wrong in all, counted without sign."""
        return sum(abs(drift.seats) for drift in self.drifts)


def audit_inventory(*, now: datetime) -> AuditReport:
    """Recount every event as of one instant and keep the result for the metrics, for a week.

    Side effects:
        Opens a read-only transaction, then one that writes an InventoryAudit row and deletes the
        old ones.
    """
    with frozen_view():
        results = list(_recount())
    report = AuditReport(events=len(results), drifts=[found for found in results if found.seats])
    with unit_of_work():
        InventoryAudit.objects.create(
            ran_at=now,
            events=report.events,
            drifting_events=len(report.drifts),
            drift_seats=report.drift_seats,
        )
        InventoryAudit.objects.filter(ran_at__lt=now - KEPT_FOR).delete()
    return report


def repair_inventory(*, event_id: UUID) -> Drift | None:
    """Set one event's counter to what its rows say; returns the drift that was repaired, if any.

    Raises:
        EventNotFound: no such event.
        IntegrityError: more seats are claimed than the event has; nobody can repair that by
            counting, and nothing is changed.

    Side effects:
        Opens the transaction. Locks the event row. Publishes EventStateChanged. Logs before and
        after.
    """
    with unit_of_work():
        event = lock_event(event_id)
        drift = _drift_of(event, count_claims([event_id])[event_id])
        if not drift.seats:
            return None
        take_seats(event, seats=drift.seats)
    logger.warning(
        "Repaired the seat counter of event %s: %d available seats before, %d after",
        event_id,
        drift.available_seats,
        event.available_seats,
    )
    return drift


def _recount() -> Iterator[Drift]:
    """Every event beside its recounted claims, a thousand events at a time."""
    last = UUID(int=0)
    while events := list(Event.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        claims = count_claims(event.pk for event in events)
        yield from (_drift_of(event, claims[event.pk]) for event in events)
        last = events[-1].pk


def _drift_of(event: Event, claims: Mapping[str, int]) -> Drift:
    return Drift(
        event_id=event.pk,
        name=event.name,
        capacity=event.capacity,
        available_seats=event.available_seats,
        claims=dict(claims),
    )
