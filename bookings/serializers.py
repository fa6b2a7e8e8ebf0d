"""Shapes of bookings in the API."""

from rest_framework import serializers

from bookings.models import Booking
from evently.api.fields import Id, Shape, WholeNumber
from events.models import MAX_CAPACITY


class BookingOut(serializers.ModelSerializer[Booking]):
    total = serializers.DecimalField(max_digits=16, decimal_places=2, read_only=True)

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


class BookingIn(Shape):
    event_id = Id()
    quantity = WholeNumber(
        min_value=1,
        max_value=MAX_CAPACITY,
        help_text="No more than the event's `max_per_booking`.",
    )
