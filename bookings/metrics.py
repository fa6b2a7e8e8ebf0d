"""Figures of the booking core for Prometheus."""

from prometheus_client import Counter, Histogram

SEATS_BOOKED = Counter("evently_seats_booked_total", "Seats confirmed")
BOOKINGS = Counter("evently_bookings_total", "Bookings confirmed")
CANCELLATIONS = Counter("evently_cancellations_total", "Bookings cancelled")
REFUSALS = Counter("evently_booking_refusals_total", "Booking requests refused", ["code"])
LOCKS_SKIPPED = Counter(
    "evently_booking_locks_skipped_total", "Requests booked without a Redis lock: Redis was out"
)
BATCH_SIZE = Histogram(
    "evently_booking_batch_size", "Requests in a batch", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)
BATCH_SECONDS = Histogram(
    "evently_booking_batch_seconds", "From taking the locks of a batch to its commit"
)
