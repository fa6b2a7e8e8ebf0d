"""Use cases of bookings. Each opens its own transaction."""

from bookings.services.booking import BookingRequest, book, book_batch
from bookings.services.cancelling import (
    cancel_booking,
    cancel_bookings_of_event,
    find_cancelled_events_with_bookings,
)
from bookings.services.retries import forget_old_answers

__all__ = [
    "BookingRequest",
    "book",
    "book_batch",
    "cancel_booking",
    "cancel_bookings_of_event",
    "find_cancelled_events_with_bookings",
    "forget_old_answers",
]
