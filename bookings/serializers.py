"""Shapes of bookings in the API."""

from typing import Any

from rest_framework import serializers

from bookings.models import Booking
from evently.api.examples import EVENT_ID, example
from evently.api.fields import Id, Shape, WholeNumber
from evently.instants import iso
from evently.money import MAX_PLACES, amount_text
from events.models import MAX_CAPACITY


@example(
    "Two seats",
    {
        "id": "0199d7e2-3f60-7b08-a2c9-1e4d6b8f0a35",
        "reference": "7K3M9Q2PXA",
        "event_id": EVENT_ID,
        "quantity": 2,
        "unit_price": "24.00",
        "total": "48.00",
        "currency": "EUR",
        "status": "confirmed",
        "amount_received": None,
        "refund": "none",
        "created_at": "2026-10-12T16:20:31.482915Z",
        "cancelled_at": None,
    },
)
class BookingOut(serializers.ModelSerializer[Booking]):
    total = serializers.DecimalField(
        max_digits=16,
        decimal_places=MAX_PLACES,
        read_only=True,
        help_text="The price of all seats. Evently takes no payments: it is paid at the door.",
    )
    amount_received = serializers.DecimalField(
        max_digits=16,
        decimal_places=MAX_PLACES,
        read_only=True,
        allow_null=True,
        help_text="What the organiser noted as paid, of the total; null while nobody noted any.",
    )
    refund = serializers.ChoiceField(
        choices=Booking.Refund.choices,
        read_only=True,
        help_text="`due` and `done` concern `amount_received`; a cancelled booking for which "
        "nothing was received has `none`.",
    )

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
            "amount_received",
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
    received = booking.amount_received
    return {
        "id": str(booking.pk),
        "reference": booking.reference,
        "event_id": str(booking.event_id),
        "quantity": booking.quantity,
        "unit_price": amount_text(booking.unit_price, booking.currency),
        "total": amount_text(booking.total, booking.currency),
        "currency": booking.currency,
        "status": str(booking.status),
        "amount_received": None if received is None else amount_text(received, booking.currency),
        "refund": str(booking.refund),
        "created_at": iso(booking.created_at),
        "cancelled_at": iso(booking.cancelled_at),
    }


@example("Two seats", {"event_id": EVENT_ID, "quantity": 2})
class BookingIn(Shape):
    event_id = Id()
    quantity = WholeNumber(
        min_value=1,
        max_value=MAX_CAPACITY,
        help_text="No more than the event's `max_per_booking`.",
    )
