"""The forms of a person's own account: ours, and those of allauth as we use them."""

from typing import Any, cast

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from evently.accounts import services
from evently.accounts.addresses import reset_password
from evently.accounts.errors import LoginRefused, TooManyLogins
from evently.accounts.models import User
from evently.accounts.queries import list_accounts_for_reset
from evently.accounts.validators import validate_name
from evently.addresses import AddressInput, validate_address
from evently.fields import LineInput

MAX_PASSWORD = 128


def _name_field() -> LineInput:
    return LineInput(
        label=_("Your name"),
        max_length=150,
        validators=[validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
    )


class NameForm(forms.Form):
    """What a person is called."""

    name = _name_field()


class _TakesAddress(forms.Form):
    """allauth's own field says no more than that an address is not valid."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].validators = [validate_address]


class SignUpForm(_TakesAddress, allauth_forms.SignupForm):  # type: ignore[misc]
    """allauth's form; the account is opened by the service that programs use, too."""

    name = _name_field()
    field_order = ("name", "email", "password1")

    def validate_unique_email(self, value: str) -> str:
        """Accepts every address: the answer must not show whether it has an account."""
        return value

    def save(self, request: HttpRequest) -> User:
        return services.register_user(
            email=self.cleaned_data["email"],
            password=self.cleaned_data["password1"],
            name=self.cleaned_data["name"],
        )


class ForgottenPasswordForm(
    _TakesAddress,
    allauth_forms.ResetPasswordForm,  # type: ignore[misc]
):
    """Asks for a mail with a link."""

    def clean_email(self) -> str:
        email = User.objects.address_of_account(str(self.cleaned_data["email"]))
        self.users = list_accounts_for_reset(email)
        return email


class NewPasswordForm(allauth_forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """Behind the link of such a mail."""

    def save(self) -> None:
        reset_password(user=self.user, password=self.cleaned_data["password1"], now=timezone.now())


class ChangePasswordForm(allauth_forms.ChangePasswordForm):  # type: ignore[misc]
    """A new password; the old one beside it is counted like one at the log-in."""

    def clean_oldpassword(self) -> str:
        password: str = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password


class PasswordForm(forms.Form):
    """Asks for the password once more before a step that only the owner may take.

    Args:
        account: the account with the password; None for the person who is logged in.
    """

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=MAX_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(
        self, request: HttpRequest, data: Any = None, *, account: User | None = None
    ) -> None:
        super().__init__(data)
        self.request = request
        self.account = account or cast(User, request.user)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        try:
            services.authenticate_user(
                request=self.request,
                email=self.account.email,
                password=password,
                account=self.account,
            )
        except LoginRefused as error:
            raise forms.ValidationError(
                _("This is not your password. Type it again, or reset it first.")
            ) from error
        except TooManyLogins as error:
            raise forms.ValidationError(
                _("Too many wrong passwords. Wait a while, then try again.")
            ) from error
        return password


class AddressForm(PasswordForm):
    """Another address for the account."""

    email = AddressInput(
        label=_("New e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    field_order = ("email", "password")
