"""Shapes of organisers and events in the API."""

from typing import Any

from rest_framework import serializers

from events.models import MAX_NAME, Event, Organiser
from events.queries import ORDERINGS
from events.validators import known_currencies, known_timezones


class OrganiserOut(serializers.ModelSerializer[Organiser]):
    class Meta:
        model = Organiser
        fields = ("id", "name", "created_at")
        read_only_fields = fields


class OrganiserIn(serializers.Serializer[Organiser]):
    name = serializers.CharField(max_length=MAX_NAME)


class OrganiserBrief(serializers.ModelSerializer[Organiser]):
    class Meta:
        model = Organiser
        fields = ("id", "name")
        read_only_fields = fields


class EventOut(serializers.ModelSerializer[Event]):
    organiser = OrganiserBrief()

    class Meta:
        model = Event
        fields = (
            "id",
            "name",
            "description",
            "venue",
            "starts_at",
            "ends_at",
            "timezone",
            "capacity",
            "available_seats",
            "price",
            "currency",
            "max_per_booking",
            "repeat_bookings_allowed",
            "status",
            "version",
            "organiser",
        )
        read_only_fields = fields


class EventPatch(serializers.ModelSerializer[Event]):
    """What a person may change; `status` by steps: draft, published, cancelled."""

    timezone = serializers.ChoiceField(choices=sorted(known_timezones()), required=False)
    currency = serializers.ChoiceField(choices=sorted(known_currencies()), required=False)

    class Meta:
        model = Event
        fields = (
            "name",
            "description",
            "venue",
            "starts_at",
            "ends_at",
            "timezone",
            "capacity",
            "price",
            "currency",
            "max_per_booking",
            "repeat_bookings_allowed",
            "status",
        )


class EventIn(EventPatch):
    """A new event; the organiser may be left out by whoever runs events for one team only."""

    organiser = serializers.UUIDField(required=False)

    class Meta(EventPatch.Meta):
        fields = (*EventPatch.Meta.fields, "organiser")


class EventSearchIn(serializers.Serializer[Any]):
    """The parameters of a list of events."""

    search = serializers.CharField(required=False, allow_blank=True, max_length=200)
    starts_after = serializers.DateTimeField(required=False)
    starts_before = serializers.DateTimeField(required=False)
    min_price = serializers.DecimalField(
        required=False, max_digits=10, decimal_places=2, min_value=0
    )
    max_price = serializers.DecimalField(
        required=False, max_digits=10, decimal_places=2, min_value=0
    )
    available = serializers.BooleanField(required=False, help_text="Only events with seats left.")
    organiser = serializers.UUIDField(
        required=False,
        help_text="All events of one organiser: past ones too, and drafts for its members.",
    )
    ordering = serializers.ChoiceField(choices=ORDERINGS, required=False)


class LimitIn(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=50, default=10)
