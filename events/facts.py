"""What happens to events."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from events.models import Event


@dataclass(frozen=True, slots=True)
class EventStateChanged:
    """What somebody looking at the event sees has changed, to the state given here.

    What the event is and where stands in it too, so that whoever looks on is told that it moves. A
    process of an older release does not say that: it is empty then.
    """

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
    name: str = ""
    venue: str = ""
    starts_at: datetime | None = None
    timezone: str = ""
    max_per_booking: int = 0

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
            name=event.name,
            venue=event.venue,
            starts_at=event.starts_at,
            timezone=event.timezone,
            max_per_booking=event.max_per_booking,
        )


@dataclass(frozen=True, slots=True)
class Schedule:
    """When and where an event takes place."""

    starts_at: datetime
    ends_at: datetime
    timezone: str
    venue: str

    @classmethod
    def of(cls, event: Event) -> "Schedule":
        return cls(event.starts_at, event.ends_at, event.timezone, event.venue)


@dataclass(frozen=True, slots=True)
class EventMoved:
    """An event that may have been booked takes place at another time or place than `before`."""

    event_id: UUID
    before: Schedule
    after: Schedule
    at: datetime


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
