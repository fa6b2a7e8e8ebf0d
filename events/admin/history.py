"""How a change is told: in words for its field and its values, in the reader's language."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.dateparse import parse_datetime

from evently.history.models import Change
from evently.site.templatetags.show import brief

# What history calls a subject, and where its fields have their names. Some stand above events.
MODELS = {
    "account": "accounts.User",
    "event": "events.Event",
    "invitation": "events.Invitation",
    "member": "events.Membership",
    "organiser": "events.Organiser",
    "booking": "bookings.Booking",
    "waitlist": "waitlist.Waitlist",
    "entry": "waitlist.Entry",
    "standing": "waitlist.Standing",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A change in words; `at` is an aware instant."""

    at: datetime
    who: str
    label: str
    field: str
    before: str
    after: str


def tell(change: Change, zone: str = "UTC") -> Told:
    """The change; instants among its values are told on the clocks of the zone."""
    field = _field(change)
    choices = dict(getattr(field, "flatchoices", ()))

    def value(kept: Any) -> str:
        if kept is not None and isinstance(field, models.DateTimeField):
            return brief(parse_datetime(kept), zone)
        return "–" if kept is None else str(choices.get(kept, kept))

    return Told(
        at=change.at,
        who=str(change.by or "Evently"),
        label=change.label,
        field=str(getattr(field, "verbose_name", change.field)),
        before=value(change.before),
        after=value(change.after),
    )


def _field(change: Change) -> Any:
    """The field of today's model; None for one that is gone since."""
    try:
        return apps.get_model(MODELS[change.subject])._meta.get_field(change.field)  # noqa: SLF001
    except (KeyError, FieldDoesNotExist):
        return None
