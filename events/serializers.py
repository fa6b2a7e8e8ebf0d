"""Shapes of organisers and events in the API."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from evently.accounts.validators import validate_name
from evently.api.examples import EVENT_ID, example
from evently.api.fields import (
    Amount,
    Choice,
    Flag,
    Id,
    Instant,
    Line,
    Paragraphs,
    QueryShape,
    Shape,
    Text,
    WholeNumber,
)
from evently.api.pagination import PageIn
from evently.instants import iso
from evently.money import amount_text, known_currencies
from events.models import MAX_CAPACITY, MAX_DESCRIPTION, MAX_NAME, Event, Organiser
from events.queries import ORDERINGS
from events.validators import validate_timezone

# In the examples.
ORGANISER_ID = "0199a1f3-2c80-7d16-b5e4-8a90c3d7f264"
UNKNOWN_CURRENCY: dict[str, Any] = {"invalid_choice": _("Use a three-letter ISO code such as EUR.")}


@example(
    "A team",
    {"id": ORGANISER_ID, "name": "Lantern Hall", "created_at": "2026-09-30T07:45:10.250000Z"},
)
class OrganiserOut(serializers.ModelSerializer[Organiser]):
    class Meta:
        model = Organiser
        fields = ("id", "name", "created_at")
        read_only_fields = fields


@example("A team", {"name": "Lantern Hall"})
class OrganiserIn(Shape):
    name = Line(max_length=MAX_NAME, validators=[validate_name], help_text="Without a link in it.")


class OrganiserBrief(serializers.ModelSerializer[Organiser]):
    class Meta:
        model = Organiser
        fields = ("id", "name")
        read_only_fields = fields


@example(
    "A concert",
    {
        "id": EVENT_ID,
        "name": "Late Jazz",
        "description": "Two cellos, a drum kit and a singer.",
        "venue": "Lantern Hall, Berlin",
        "starts_at": "2026-11-14T19:30:00Z",
        "ends_at": "2026-11-14T22:30:00Z",
        "sales_start_at": None,
        "sales_end_at": "2026-11-14T17:00:00Z",
        "timezone": "Europe/Berlin",
        "capacity": 120,
        "available_seats": 10,
        "price": "24.00",
        "currency": "EUR",
        "max_per_booking": 6,
        "repeat_bookings_allowed": False,
        "status": "published",
        "version": 7,
        "organiser": {"id": ORGANISER_ID, "name": "Lantern Hall"},
    },
)
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
            "sales_start_at",
            "sales_end_at",
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

    def to_representation(self, instance: Event) -> dict[str, Any]:
        """Written out: the framework's fields take a hundred times as long, and lists are long."""
        event = instance
        return {
            "id": str(event.pk),
            "name": event.name,
            "description": event.description,
            "venue": event.venue,
            "starts_at": iso(event.starts_at),
            "ends_at": iso(event.ends_at),
            "sales_start_at": iso(event.sales_start_at),
            "sales_end_at": iso(event.sales_end_at),
            "timezone": event.timezone,
            "capacity": event.capacity,
            "available_seats": event.available_seats,
            "price": amount_text(event.price, event.currency),
            "currency": event.currency,
            "max_per_booking": event.max_per_booking,
            "repeat_bookings_allowed": event.repeat_bookings_allowed,
            "status": str(event.status),
            "version": event.version,
            "organiser": {"id": str(event.organiser_id), "name": event.organiser.name},
        }


@example(
    "Half an hour later",
    {"starts_at": "2026-11-14T21:00:00+01:00", "ends_at": "2026-11-15T00:00:00+01:00"},
)
class EventPatch(Shape):
    """What a person may change; `status` by steps: draft, published, cancelled."""

    name = Line(max_length=MAX_NAME, required=False)
    description = Paragraphs(
        max_length=MAX_DESCRIPTION, allow_blank=True, trim_whitespace=False, required=False
    )
    venue = Line(max_length=MAX_NAME, allow_blank=True, required=False)
    starts_at = Instant(required=False)
    ends_at = Instant(required=False, help_text="After `starts_at`, and in the future.")
    sales_start_at = Instant(
        required=False,
        allow_null=True,
        help_text="When booking begins, before the event ends; null: with its publication.",
    )
    sales_end_at = Instant(
        required=False,
        allow_null=True,
        help_text="When booking ends, by the end of the event; null: then.",
    )
    timezone = Text(
        max_length=64,
        validators=[validate_timezone],
        required=False,
        help_text="A name of the IANA time zone database, such as Europe/Berlin.",
    )
    capacity = WholeNumber(min_value=1, max_value=MAX_CAPACITY, required=False)
    price = Amount(required=False)
    currency = Choice(
        choices=sorted(known_currencies()),
        required=False,
        error_messages=UNKNOWN_CURRENCY,
    )
    max_per_booking = WholeNumber(min_value=1, max_value=MAX_CAPACITY, required=False)
    repeat_bookings_allowed = Flag(required=False)
    status = Choice(choices=Event.Status.choices, required=False)


@example(
    "A concert",
    {
        "name": "Late Jazz",
        "description": "Two cellos, a drum kit and a singer.",
        "venue": "Lantern Hall, Berlin",
        "starts_at": "2026-11-14T20:30:00+01:00",
        "ends_at": "2026-11-14T23:30:00+01:00",
        "sales_end_at": "2026-11-14T18:00:00+01:00",
        "timezone": "Europe/Berlin",
        "capacity": 120,
        "price": "24.00",
        "currency": "EUR",
        "max_per_booking": 6,
        "status": "published",
    },
)
class EventIn(EventPatch):
    """A new event; the organiser may be left out by whoever runs events for one team only."""

    name = Line(max_length=MAX_NAME)
    starts_at = Instant()
    ends_at = Instant(help_text="After `starts_at`, and in the future.")
    capacity = WholeNumber(min_value=1, max_value=MAX_CAPACITY)
    organiser_id = Id(required=False)


class EventSearchIn(PageIn):
    """The parameters of a list of events."""

    search = Text(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Words, or their beginnings, of name, venue or description; all must match.",
    )
    starts_after = Instant(
        required=False,
        help_text="Only events that end after this: one that has begun before is found, too.",
    )
    starts_before = Instant(required=False, help_text="Only events that have begun by then.")
    min_price = Amount(required=False, help_text="Needs `currency`, unless it is 0.")
    max_price = Amount(required=False, help_text="Needs `currency`, unless it is 0.")
    currency = Choice(
        choices=sorted(known_currencies()),
        required=False,
        error_messages=UNKNOWN_CURRENCY,
        help_text="Only events priced in it. Amounts of different currencies are not compared.",
    )
    available = Flag(
        required=False, help_text="Only events that can be booked now: on sale, with seats left."
    )
    organiser = Id(
        required=False,
        help_text="All events of one organiser: past ones too, and drafts for its members.",
    )
    ordering = Choice(
        choices=tuple(ORDERINGS),
        required=False,
        help_text="Else `starts_at`. By `price`: within each currency, one after the other.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs.get("min_price") or attrs.get("max_price")) and "currency" not in attrs:
            told = _("Say in which currency, such as currency=EUR: amounts are not converted.")
            raise serializers.ValidationError({"currency": told})
        return attrs


class PopularIn(QueryShape):
    limit = WholeNumber(min_value=1, max_value=50, default=10)
