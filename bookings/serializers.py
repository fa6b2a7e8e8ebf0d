"""Shapes of bookings in the API."""

from typing import Any

from rest_framework import serializers

from bookings.models import Booking
from evently.api.fields import Id, Shape, WholeNumber
from evently.instants import iso
from evently.money import MAX_PLACES, amount_text
from events.models import MAX_CAPACITY


class BookingOut(serializers.ModelSerializer[Booking]):
    total = serializers.DecimalField(max_digits=16, decimal_places=MAX_PLACES, read_only=True)

    class Meta:
        model = Booking
        fields = (
            "id",
            "reference",
            "event_id",
            "quantity",
            "unit_price",
            "total",
            "currency",
            "status",
            "refund",
            "created_at",
            "cancelled_at",
        )
        read_only_fields = fields

    def to_representation(self, instance: Booking) -> dict[str, Any]:
        return shown(instance)


def shown(booking: Booking) -> dict[str, Any]:
    """A booking as the API shows it.

    Written out: the framework's fields take a hundred times as long, and a rush pays for it.
    """
    return {
        "id": str(booking.pk),
        "reference": booking.reference,
        "event_id": str(booking.event_id),
        "quantity": booking.quantity,
        "unit_price": amount_text(booking.unit_price, booking.currency),
        "total": amount_text(booking.total, booking.currency),
        "currency": booking.currency,
        "status": str(booking.status),
        "refund": str(booking.refund),
        "created_at": iso(booking.created_at),
        "cancelled_at": iso(booking.cancelled_at),
    }


class BookingIn(Shape):
    event_id = Id()
    quantity = WholeNumber(
        min_value=1,
        max_value=MAX_CAPACITY,
        help_text="No more than the event's `max_per_booking`.",
    )
