"""Use cases of accounts: register, log in, change the profile."""

from datetime import datetime

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import get_language

from evently.accounts import devices
from evently.accounts.errors import LoginRefused, TooManyLogins
from evently.accounts.facts import AccountOpened
from evently.accounts.models import User
from evently.accounts.tokens import forget_ended_families
from evently.accounts.validators import validate_name
from evently.addresses import require_address
from evently.errors import Invalid
from evently.facts import publish
from evently.transactions import unit_of_work


def register_user(*, email: str, password: str, name: str) -> User:
    """Open an account; the link that verifies its address is mailed there.

    The result is always a new account, whether or not another account has the address. If another
    account has it verified, the new one stays unverified, and the mail warns the owner instead.

    Raises:
        Invalid: no mail can be sent to the address, the password breaks a rule of
            `AUTH_PASSWORD_VALIDATORS`, or the name holds a link.

    Side effects:
        Opens the transaction. Publishes AccountOpened.
    """
    email = require_address(email)
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise Invalid(password=error.messages) from error
    _check_name(name)
    with unit_of_work():
        user = User.objects.create_user(email, password, name=name, language=_language())
        publish(AccountOpened(user.pk))
        return user


def authenticate_user(
    *,
    request: HttpRequest,
    email: str,
    password: str,
    account: User | None = None,
    device: str = "",
) -> User:
    """Check a person's password, by the same rule as the log-in page (`login_limits`).

    Args:
        account: the only one whose password counts; None: that of any account which may log in
            with the address.
        device: of a program that logged in before (`devices`); browsers have a cookie.

    Raises:
        LoginRefused: wrong, unknown, or not active: the answer does not tell which.
        TooManyLogins: too many wrong passwords were tried.
    """
    setattr(request, devices.SHOWN, device)
    try:
        user = get_adapter(request).authenticate(
            request, email=email, password=password, account=account
        )
    except ValidationError as error:
        if isinstance(error.__cause__, TooManyLogins):
            raise error.__cause__ from None
        raise
    # Pages tell an inactive person so after the log-in; here there is no after.
    if not isinstance(user, User) or not user.is_active:
        raise LoginRefused
    return user


def note_language(*, user: User) -> None:
    """Write to the person in the language that they read now."""
    if user.language != _language():
        user.language = _language()
        user.save(update_fields=["language"])


def rename_user(*, user: User, name: str) -> User:
    """
    Raises:
        Invalid: the name holds a link.
    """
    _check_name(name)
    user.name = name
    user.save(update_fields=["name"])
    return user


def forget_old_tokens(*, now: datetime) -> None:
    """Delete tokens that have expired and can therefore not be used again anyway."""
    forget_ended_families(now=now)


def _check_name(name: str) -> None:
    try:
        validate_name(name)
    except ValidationError as error:
        raise Invalid(name=error.messages) from error


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
