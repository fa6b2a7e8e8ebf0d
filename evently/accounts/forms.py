"""The forms of a person's own account, beside those of allauth."""

from typing import Any, cast

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from evently.accounts.errors import LoginRefused, TooManyLogins
from evently.accounts.models import User
from evently.accounts.services import authenticate_user
from evently.fields import LineInput

MAX_PASSWORD = 128


class NameForm(forms.Form):
    """What a person is called; allauth joins it to the sign-up form."""

    name = LineInput(
        label=_("Your name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
    )
    field_order = ("name", "email", "password1")

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth with the new person."""
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])


class PasswordForm(forms.Form):
    """Asks for the password once more before a step that cannot be taken back."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=MAX_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, data: Any = None) -> None:
        super().__init__(data)
        self.request = request

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        user = cast(User, self.request.user)
        try:
            authenticate_user(request=self.request, email=user.email, password=password)
        except LoginRefused as error:
            raise forms.ValidationError(
                _("This is not your password. Type it again, or reset it first.")
            ) from error
        except TooManyLogins as error:
            raise forms.ValidationError(
                _("Too many wrong passwords. Wait a few minutes, then try again.")
            ) from error
        return password
