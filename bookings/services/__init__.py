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
from bookings.services.claimed import ClaimedSeats, book_claimed_seats
from bookings.services.company import book_in_company
from bookings.services.terms import find_obstacle

__all__ = [
    "BookingRequest",
    "ClaimedSeats",
    "EventHeld",
    "Outcome",
    "Wish",
    "book",
    "book_batch",
    "book_claimed_seats",
    "book_in_company",
    "book_mixed_batch",
    "cancel_booking",
    "cancel_bookings_of_event",
    "find_cancelled_events_with_bookings",
    "find_obstacle",
]
