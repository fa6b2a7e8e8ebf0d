"""The waitlist of one event, as a step on its page: its figures, its rules, and the way to it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.text import capfirst
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldBooleanSwitchWidget

from events.admin.events import EventAdmin
from events.admin.steps import EventStep
from events.models import Event
from waitlist.admin.figures import figures_of
from waitlist.models import LEAST_OFFER_MINUTES, MAX_MINUTES, Waitlist
from waitlist.queries import find_rules
from waitlist.services import set_rules

_capital = lazy(capfirst, str)


def _field(name: str) -> Any:
    return Waitlist._meta.get_field(name)  # noqa: SLF001 (Django's own way to a field)


def _label(name: str) -> Any:
    """The field's name as the first word of a line, in the reader's language."""
    return _capital(_field(name).verbose_name)


class HoursField(forms.DecimalField):
    """Typed in hours, such as 1.5; gives and takes whole minutes, as the model keeps them."""

    widget = UnfoldAdminDecimalFieldWidget

    def __init__(self, *, least_minutes: int, **options: Any) -> None:
        super().__init__(decimal_places=2, max_value=MAX_MINUTES // 60, **options)
        self.least_minutes = least_minutes

    def prepare_value(self, value: Any) -> Any:
        """Minutes as hours; what was typed stays as it is."""
        if not isinstance(value, int):
            return value
        return (Decimal(value) / 60).quantize(Decimal("0.01")).normalize().__format__("f")

    def clean(self, value: Any) -> Any:
        minutes = round(super().clean(value) * 60)
        if minutes < self.least_minutes:
            least = {"minutes": self.least_minutes}
            raise forms.ValidationError(_now("Give at least %(minutes)s minutes.") % least)
        return minutes


def _hours(name: str, label: Any, least_minutes: int) -> HoursField:
    return HoursField(label=label, help_text=_field(name).help_text, least_minutes=least_minutes)


class RulesStep(EventStep):
    """Pauses the line or lets it go on; says how long offers stand and seats are gathered."""

    name = "waitlist"
    label = _("Waitlist…")
    title = _("Waitlist")
    button = _("Save the rules")
    template = "admin/waitlist/rules.html"

    is_paused = forms.BooleanField(
        label=_label("is_paused"),
        help_text=_field("is_paused").help_text,
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )
    offer_minutes = _hours("offer_minutes", _("Hours to accept an offer"), LEAST_OFFER_MINUTES)
    gather_minutes = _hours("gather_minutes", _("Hours to gather seats for a group"), 0)

    def __init__(self, row: Event, by: Any, data: Any = None) -> None:
        super().__init__(row, by, data)
        line = find_rules(event_id=row.pk)
        self.initial = {name: getattr(line, name) for name in self.fields}

    def is_possible(self) -> bool:
        return self.row.status in {Event.Status.DRAFT, Event.Status.PUBLISHED}

    def figures(self) -> Any:
        """For the page."""
        return figures_of(self.row)

    def take(self, now: datetime) -> str:
        set_rules(event_id=self.row.pk, by=self.by, changes=self.cleaned_data, now=now)
        return _now("The waitlist of “%(event)s” has these rules now.") % {"event": self.row}


EventAdmin.steps = [*EventAdmin.steps, RulesStep]
