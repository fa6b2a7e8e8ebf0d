"""What somebody fills in to join a line."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from events.models import Event


class JoinForm(forms.Form):
    """A group's size, and whether a part of it would do."""

    seats = forms.IntegerField(
        label=_("Seats"),
        min_value=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    part_is_fine = forms.BooleanField(
        label=_("A part is fine: offer me fewer seats when not all come free"), required=False
    )

    def __init__(self, event: Event, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        seats = self.fields["seats"]
        seats.widget.attrs["max"] = event.max_per_booking
        seats.help_text = _("Up to %(most)s. Without the tick you are offered all or none.") % {
            "most": event.max_per_booking
        }
