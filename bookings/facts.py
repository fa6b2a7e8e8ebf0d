"""What happens to bookings."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class BookingConfirmed:
    booking_id: UUID
    event_id: UUID
    user_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class BookingCancelled:
    booking_id: UUID
    event_id: UUID
    user_id: UUID
    quantity: int
