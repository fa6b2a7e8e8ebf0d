"""What an organiser does with an event besides editing it. Calling it off: `bookings.admin`."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from evently.admin.steps import Step
from evently.errors import Refusal
from evently.site.templatetags.show import money, number, when
from events import services
from events.admin.forms import local_time_field
from events.errors import StaleEvent
from events.inventory import count_claims
from events.models import MAX_CAPACITY, Event


class EventStep(Step[Event]):
    """A step with an event."""

    home = "admin:events_event_change"


class PublishStep(EventStep):
    name = "publish"
    label = _("Publish…")
    title = _("Put this event on sale?")
    button = _("Publish")

    def is_possible(self) -> bool:
        return self.row.status == Event.Status.DRAFT

    def advice(self) -> list[str]:
        event = self.row
        facts = {
            "when": when(event),
            "seats": number(event.capacity),
            "price": money(event.price, event.currency),
        }
        return [
            _now("%(when)s. %(seats)s seats, each: %(price)s.") % facts,
            _now("Everybody sees it then, and can book."),
        ]

    def take(self, now: datetime) -> str:
        services.publish_event(event_id=self.row.pk, by=self.by, now=now)
        return _now("“%(event)s” is on sale.") % {"event": self.row}


class CapacityStep(EventStep):
    name = "capacity"
    label = _("Change the number of seats…")
    title = _("Change the number of seats")
    button = _("Change it")

    capacity = forms.IntegerField(
        label=_("Seats in all"),
        min_value=1,
        max_value=MAX_CAPACITY,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, row: Event, by: Any, data: Any = None) -> None:
        super().__init__(row, by, data)
        self.initial = {"capacity": row.capacity, "seen_version": row.version}

    def is_possible(self) -> bool:
        return self.row.status in {Event.Status.DRAFT, Event.Status.PUBLISHED}

    def advice(self) -> list[str]:
        claims = count_claims([self.row.pk])[self.row.pk]
        told = _now(
            "Now %(capacity)s: %(available)s available, %(confirmed)s confirmed, %(held)s held, "
            "%(offered)s offered. It cannot be lower than what is taken."
        )
        seats = {"capacity": self.row.capacity, "available": self.row.available_seats}
        claimed = {name: claims[name] for name in ("confirmed", "held", "offered")}
        return [told % {name: number(count) for name, count in (seats | claimed).items()}]

    def take(self, now: datetime) -> str:
        event = services.edit_event(
            event_id=self.row.pk,
            by=self.by,
            changes={"capacity": self.cleaned_data["capacity"]},
            expected_version=self.cleaned_data["seen_version"] or 0,
            now=now,
        )
        return _now("“%(event)s” has %(seats)s seats now.") % {
            "event": event,
            "seats": number(event.capacity),
        }

    def explain(self, refusal: Refusal) -> None:
        """A refusal is about the one field there is; a later attempt has seen today's version."""
        self.add_error("capacity", str(refusal))
        if isinstance(refusal, StaleEvent):
            seen = {"seen_version": refusal.facts["current_version"]}
            self.data = {name: self.data[name] for name in self.data} | seen


class CopyStep(EventStep):
    name = "copy"
    label = _("Copy to a new date…")
    title = _("Copy this event to a new date")
    button = _("Make the copy")

    starts_at = local_time_field(label=_("The copy starts"))

    def __init__(self, row: Event, by: Any, data: Any = None) -> None:
        super().__init__(row, by, data)
        self.fields["starts_at"].help_text = _now("On the clocks of %(zone)s.") % {
            "zone": row.timezone
        }
        self.copy = row

    def full_clean(self) -> None:
        with timezone.override(ZoneInfo(self.row.timezone)):
            super().full_clean()

    def advice(self) -> list[str]:
        return [
            _now("The copy is a draft with all settings of “%(event)s” and no bookings.")
            % {"event": self.row},
            _now("Its end and its sale move with its start."),
        ]

    def take(self, now: datetime) -> str:
        self.copy = services.duplicate_event(
            event_id=self.row.pk, by=self.by, starts_at=self.cleaned_data["starts_at"], now=now
        )
        return _now("Here is the copy: a draft. Look it over, then publish it.")

    def next_address(self) -> str:
        return reverse("admin:events_event_change", args=[self.copy.pk])
