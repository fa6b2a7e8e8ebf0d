"""Shapes of bookings in the API."""

from typing import Any

from rest_framework import serializers

from bookings.models import Booking
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


class BookingIn(serializers.Serializer[Any]):
    event_id = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_CAPACITY)


class IdempotencyKeyIn(serializers.Serializer[Any]):
    """The header Idempotency-Key: visible ASCII."""

    key = serializers.RegexField(r"^[\x21-\x7e]{1,255}$", required=False)
