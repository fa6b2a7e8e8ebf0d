"""Use cases of bookings. Each opens its own transaction."""

from bookings.services.booking import (
    BookingRequest,
    EventHeld,
    Outcome,
    Wish,
    book,
    book_batch,
    book_mixed_batch,
)
from bookings.services.cancelling import (
    cancel_booking,
    cancel_bookings_of_event,
    find_cancelled_events_with_bookings,
)
from bookings.services.company import book_in_company
from bookings.services.retries import forget_old_answers

__all__ = [
    "BookingRequest",
    "EventHeld",
    "Outcome",
    "Wish",
    "book",
    "book_batch",
    "book_in_company",
    "book_mixed_batch",
    "cancel_booking",
    "cancel_bookings_of_event",
    "find_cancelled_events_with_bookings",
    "forget_old_answers",
]
