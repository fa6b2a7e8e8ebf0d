"""Forms whose values go to a service; an event's times are told in the event's own zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from evently.errors import Invalid, Refusal
from evently.money import known_currencies
from events.errors import StaleEvent
from events.models import Event
from events.validators import known_timezones

Row = TypeVar("Row", bound=Model)

if TYPE_CHECKING:

    class AnyModelForm(forms.ModelForm[Row]):
        """Knows its row's type to the type checker only."""
else:

    class AnyModelForm(forms.ModelForm):
        def __class_getitem__(cls, row):
            return cls


DETAILS = (
    "name",
    "description",
    "venue",
    "timezone",
    "starts_at",
    "ends_at",
    "sales_start_at",
    "sales_end_at",
    "max_per_booking",
    "repeat_bookings_allowed",
    "price",
    "currency",
)
TIMES = ("starts_at", "ends_at", "sales_start_at", "sales_end_at")
# How long an event lasts when its organiser does not say.
USUAL_LENGTH = timedelta(hours=3)
STALE = _(
    "Somebody else changed this event while you worked on it. Nothing was saved, and your entries "
    "are still here. Below stands what differs. Save again to write yours."
)


class LocalTimeInput(forms.DateTimeInput):
    """The browser's own picker of a date and a time, in the reader's way of writing them."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        attrs = {"class": " ".join([*INPUT_CLASSES, "max-w-2xl"])}
        super().__init__(attrs=attrs, format="%Y-%m-%dT%H:%M")


def local_time_field(**options: Any) -> forms.DateTimeField:
    formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    return forms.DateTimeField(widget=LocalTimeInput(), input_formats=formats, **options)


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that somebody else changed, or that this person wants otherwise than it is stored."""

    label: str
    mine: str
    stored: str


class ServiceForm(AnyModelForm[Row]):
    """A form that shows what the service refused, beside the entries it refused."""

    # Set for the form that is shown again.
    refusal: ClassVar[Refusal | None] = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.refusal:
            self.explain(self.refusal)
        return cleaned

    def explain(self, refusal: Refusal) -> None:
        """Put the refusal beside the field that it is about, else above the form."""
        if not isinstance(refusal, Invalid):
            self.add_error(None, str(refusal))
            return
        for field, texts in refusal.errors.items():
            self.add_error(field if field in self.fields else None, texts)


class EventForm(ServiceForm[Event]):
    """An event as a person edits it."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    timezone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lambda: [(name, name) for name in sorted(known_timezones())],
        widget=UnfoldAdminSelectWidget(),
        help_text=_("All times of this event are on these clocks."),
    )
    currency = forms.ChoiceField(
        label=_("Currency"),
        choices=lambda: [(code, code) for code in sorted(known_currencies())],
        widget=UnfoldAdminSelectWidget(),
    )
    starts_at = local_time_field(label=_("Starts"))
    ends_at = local_time_field(
        label=_("Ends"), required=False, help_text=_("Empty: three hours after the start.")
    )
    sales_start_at = local_time_field(
        label=_("Sale starts"),
        required=False,
        help_text=_("Empty: as soon as the event is published."),
    )
    sales_end_at = local_time_field(
        label=_("Sale ends"), required=False, help_text=_("Empty: when the event ends.")
    )
    publish = forms.BooleanField(
        label=_("Put on sale when saving"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_("Everybody sees it then, and can book. A draft is seen by your team alone."),
    )

    # The zone, currency and so on of the organiser's last event, for a new one.
    usual: ClassVar[dict[str, Any]] = {}

    class Meta:
        model = Event
        fields = ("organiser", *DETAILS, "capacity")
        labels = {
            "capacity": _("Seats"),
            "price": _("Price of a seat"),
            "repeat_bookings_allowed": _("A person may book more than once"),
        }
        help_texts = {
            "description": _("What happens, for whom, what to bring. Empty lines part paragraphs."),
            "venue": _("Name and town, as a visitor would look for it on a map."),
            "capacity": _("How many there are in all. You can change it later."),
            "price": _("0 is free. Nothing is added to it."),
            "max_per_booking": _("The most seats that one person can take at once."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.differences: list[Difference] = []
        self.initial["seen_version"] = self.instance.version
        if self.instance.organiser_id is None:
            self._propose()
        else:
            self.initial = {**self.initial, **self._times_on_its_clocks()}

    def full_clean(self) -> None:
        """Read the times as those of the zone that was chosen."""
        name = self.data.get(self.add_prefix("timezone"), "")
        with timezone.override(ZoneInfo(name if name in known_timezones() else "UTC")):
            super().full_clean()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        starts_at = cleaned.get("starts_at")
        if starts_at and not cleaned.get("ends_at") and "ends_at" not in self.errors:
            cleaned["ends_at"] = starts_at + USUAL_LENGTH
        return cleaned

    def details(self) -> dict[str, Any]:
        """The values for the service; the organiser is none of them."""
        cleaned = self.cleaned_data
        values = {name: cleaned[name] for name in (*DETAILS, "capacity") if name in cleaned}
        return values | ({"status": Event.Status.PUBLISHED} if cleaned.get("publish") else {})

    def _propose(self) -> None:
        """Begin with what the last event had; without one, on the clocks of the browser."""
        defaults = {name: getattr(self.instance, name) for name in ("timezone", "currency")}
        self.initial = {**defaults, **self.usual, **self.initial}
        if not self.usual and not self.is_bound:
            self.fields["timezone"].widget.attrs["data-browser-zone"] = ""

    def _times_on_its_clocks(self) -> dict[str, datetime]:
        zone = ZoneInfo(self.instance.timezone)
        instants = {name: getattr(self.instance, name) for name in TIMES}
        return {
            name: instant.astimezone(zone).replace(tzinfo=None)
            for name, instant in instants.items()
            if instant
        }

    def explain(self, refusal: Refusal) -> None:
        if isinstance(refusal, StaleEvent):
            self._explain_stale(refusal)
        else:
            super().explain(refusal)

    def _explain_stale(self, refusal: Refusal) -> None:
        """Show both versions, and let the next attempt count as having seen them."""
        self.add_error(None, str(STALE))
        self.differences = list(self._compare())
        seen = {self.add_prefix("seen_version"): str(refusal.facts["current_version"])}
        self.data = {**{name: self.data[name] for name in self.data}, **seen}

    def _compare(self) -> Iterator[Difference]:
        for name in self.changed_data:
            if name in DETAILS:
                field = self.fields[name]
                stored = self.get_initial_for_field(field, name)
                mine = field.widget.value_from_datadict(self.data, self.files, self[name].html_name)
                difference = Difference(str(field.label), _shown(mine), _shown(stored))
                # A time may differ in the seconds that its field does not show.
                if difference.mine != difference.stored:
                    yield difference


def _shown(value: Any) -> str:
    """A field's value for the eye; entries of a browser and stored values look alike."""
    if isinstance(value, bool):
        return _now("yes") if value else _now("no")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = "" if value is None else str(value).replace("T", " ", 1)
    return text or _now("(empty)")
