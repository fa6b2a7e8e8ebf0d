"""Shapes of notices in the API."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from evently.api.fields import Choice, Flag, Line, Paragraphs, Shape
from evently.instants import iso
from notifications.models import Broadcast, Channel, Delivery, Kind, Notice
from notifications.queries import title_of_notice
from notifications.wording import MAILED

MAX_SUBJECT = 150
MAX_BODY = 10_000


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


class PreferencesOut(serializers.Serializer[Any]):
    """For each kind of notice, the channels by which it comes."""

    def get_fields(self) -> Any:
        return {kind.value: ChannelsOut() for kind in MAILED}


class PreferencesIn(Shape):
    """What is not named stays as it is."""

    def get_fields(self) -> Any:
        return {kind.value: ChannelsIn(required=False) for kind in MAILED}


class BroadcastIn(Shape):
    audience = Choice(choices=Broadcast.Audience.choices, default=Broadcast.Audience.BOTH)
    subject = Line(max_length=MAX_SUBJECT)
    body = Paragraphs(
        max_length=MAX_BODY, help_text="Plain text; an empty line begins a paragraph."
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
