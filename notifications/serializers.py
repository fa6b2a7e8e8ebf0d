"""Shapes of notices in the API."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from evently.api.examples import EVENT_ID, example
from evently.api.fields import Choice, Flag, Line, Paragraphs, Shape
from evently.instants import iso
from notifications.models import Broadcast, Channel, Delivery, Kind, Notice
from notifications.queries import title_of_notice
from notifications.wording import MAILED

MAX_SUBJECT = 150
MAX_BODY = 10_000
MAILED_KINDS = [kind.value for kind in MAILED]
# For the examples.
NOTICE_ID = "0199dd02-9b30-7a47-a6d1-3e8c5f0b7249"
MESSAGE = {
    "audience": "booked",
    "subject": "Doors open at eight",
    "body": "Come early: the bar opens with the doors.",
}
NO_MAILS = dict.fromkeys(Delivery.Status.values, 0)
MAILS = NO_MAILS | {"delivered": 128, "failed": 1}


@example(
    "Seats on offer",
    {
        "id": NOTICE_ID,
        "kind": "waitlist_offer",
        "event_id": EVENT_ID,
        "title": "Seats for you: Late Jazz",
        "address": f"/notifications/{NOTICE_ID}/",
        "created_at": "2026-10-14T08:00:00.731904Z",
        "read_at": None,
    },
)
class NoticeOut(serializers.ModelSerializer[Notice]):
    title = serializers.CharField(help_text="What it says, in your language.")
    address = serializers.CharField(help_text="Path of the page that it leads to.")
    kind = serializers.ChoiceField(choices=Kind.choices)

    class Meta:
        model = Notice
        fields = ("id", "kind", "event_id", "title", "address", "created_at", "read_at")
        read_only_fields = fields

    def to_representation(self, instance: Notice) -> dict[str, Any]:
        return {
            "id": str(instance.pk),
            "kind": instance.kind,
            "event_id": str(instance.event_id) if instance.event_id else None,
            "title": title_of_notice(instance),
            "address": reverse("notifications:open", args=[instance.pk]),
            "created_at": iso(instance.created_at),
            "read_at": iso(instance.read_at),
        }


class ChannelsOut(serializers.Serializer[Any]):
    mail = serializers.BooleanField()


class ChannelsIn(Shape):
    mail = Flag(required=False, help_text="Whether you want these as mail.")


@example("No reminders", {kind: {"mail": kind != Kind.EVENT_REMINDER} for kind in MAILED_KINDS})
class PreferencesOut(serializers.Serializer[Any]):
    """For each kind of notice, the channels by which it comes."""

    def get_fields(self) -> Any:
        return {kind.value: ChannelsOut() for kind in MAILED}


@example("No reminders", {"event_reminder": {"mail": False}})
class PreferencesIn(Shape):
    """What is not named stays as it is."""

    def get_fields(self) -> Any:
        return {kind.value: ChannelsIn(required=False) for kind in MAILED}


@example("To everybody who has booked", MESSAGE)
class BroadcastIn(Shape):
    audience = Choice(choices=Broadcast.Audience.choices, default=Broadcast.Audience.BOTH)
    subject = Line(max_length=MAX_SUBJECT)
    body = Paragraphs(
        max_length=MAX_BODY, help_text="Plain text; an empty line begins a paragraph."
    )


@example(
    "Queued",
    {
        "id": "0199e3b5-6d10-7c84-8f2e-9a7b1d4c0e63",
        "event_id": EVENT_ID,
        **MESSAGE,
        "status": "queued",
        "people": 74,
        "created_at": "2026-10-16T12:30:00.905117Z",
    },
)
class BroadcastOut(serializers.ModelSerializer[Broadcast]):
    class Meta:
        model = Broadcast
        fields = ("id", "event_id", "audience", "subject", "body", "status", "people", "created_at")
        read_only_fields = fields


class CountsOut(serializers.Serializer[Any]):
    def get_fields(self) -> Any:
        return {status: serializers.IntegerField() for status in Delivery.Status.values}


class CountsByKindOut(serializers.Serializer[Any]):
    def get_fields(self) -> Any:
        return {kind.value: CountsOut() for kind in MAILED}


@example(
    "A week of bookings",
    {
        "by_status": MAILS,
        "by_kind": dict.fromkeys(MAILED_KINDS, NO_MAILS) | {Kind.BOOKING_CONFIRMED.value: MAILS},
    },
)
class StatsOut(serializers.Serializer[Any]):
    """Mails by their state, in all and for each kind of notice."""

    by_status = CountsOut()
    by_kind = CountsByKindOut()


def choices_of(wishes: dict[str, dict[str, bool]]) -> dict[tuple[Kind, Channel], bool]:
    """What a person chose, from the shape of `PreferencesIn`."""
    return {
        (Kind(kind), Channel(channel)): wanted
        for kind, channels in wishes.items()
        for channel, wanted in channels.items()
    }
