"""Bookings in the admin: looked at, cancelled, refunded and exported, never typed over."""

from bookings.admin import bookings, cancelling

__all__ = ["bookings", "cancelling"]
