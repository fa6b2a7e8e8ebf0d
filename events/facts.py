"""What happens to events."""

from dataclasses import dataclass
from datetime import datetime
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
    currency: str
    status: str
    version: int
    ends_at: datetime
    sales_start_at: datetime | None
    sales_end_at: datetime | None

    @property
    def sale_ends_at(self) -> datetime:
        """As `Event.sale_ends_at`."""
        return min(self.sales_end_at or self.ends_at, self.ends_at)

    @classmethod
    def of(cls, event: Event) -> "EventStateChanged":
        return cls(
            event_id=event.pk,
            available_seats=event.available_seats,
            capacity=event.capacity,
            price=event.price,
            currency=event.currency,
            status=event.status,
            version=event.version,
            ends_at=event.ends_at,
            sales_start_at=event.sales_start_at,
            sales_end_at=event.sales_end_at,
        )


@dataclass(frozen=True, slots=True)
class ListsChanged:
    """Which events lists show, in which order, or what they say of these, has changed.

    Not told of what sales change: seat counts.
    """

    event_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class OrganiserRenamed:
    organiser_id: UUID


@dataclass(frozen=True, slots=True)
class EventCancelled:
    event_id: UUID
