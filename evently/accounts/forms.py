"""The sign-up form's own field, beside e-mail and password."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from evently.accounts.models import User


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("name", "email", "password1")

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth with the new person."""
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
