"""allauth's forms that take an address, with our rule for addresses (`ACCOUNT_FORMS`)."""

from typing import Any

from allauth.account.forms import AddEmailForm as _AddEmailForm
from allauth.account.forms import ResetPasswordForm as _ResetPasswordForm
from allauth.account.forms import SignupForm as _SignupForm
from django import forms

from evently.addresses import validate_address


class _TakesAddress(forms.Form):
    """allauth's own field says no more than that an address is not valid."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].validators = [validate_address]


class SignupForm(_TakesAddress, _SignupForm):  # type: ignore[misc]
    pass


class AddEmailForm(_TakesAddress, _AddEmailForm):  # type: ignore[misc]
    pass


class ResetPasswordForm(_TakesAddress, _ResetPasswordForm):  # type: ignore[misc]
    pass
