"""What happens to events."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from events.models import Event


@dataclass(frozen=True, slots=True)
class EventStateChanged:
    """What somebody looking at the event sees has changed, to the state given here."""

    event_id: UUID
    available_seats: int
    capacity: int
    price: Decimal
    status: str
    version: int

    @classmethod
    def of(cls, event: Event) -> "EventStateChanged":
        return cls(
            event_id=event.pk,
            available_seats=event.available_seats,
            capacity=event.capacity,
            price=event.price,
            status=event.status,
            version=event.version,
        )


@dataclass(frozen=True, slots=True)
class EventCancelled:
    event_id: UUID
