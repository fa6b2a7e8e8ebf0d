"""Use cases of accounts: register, log in, change the profile."""

from datetime import datetime

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest
from django.utils.translation import get_language

from evently.accounts import devices
from evently.accounts.errors import EmailTaken, LoginRefused, TooManyLogins
from evently.accounts.facts import AccountOpened
from evently.accounts.models import User
from evently.accounts.tokens import forget_ended_families
from evently.addresses import normal_address
from evently.errors import Invalid
from evently.facts import publish
from evently.transactions import unit_of_work


def register_user(*, email: str, password: str, name: str) -> User:
    """Open an account.

    Raises:
        Invalid: no mail can be sent to the address, or the password breaks a rule of
            `AUTH_PASSWORD_VALIDATORS`.
        EmailTaken: there is an account with this address.

    Side effects:
        Opens the transaction. Publishes AccountOpened.
    """
    try:
        email = normal_address(email)
    except ValidationError as error:
        raise Invalid(email=error.messages) from error
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise Invalid(password=error.messages) from error
    try:
        with unit_of_work():
            user = User.objects.create_user(email, password, name=name, language=_language())
            publish(AccountOpened(user.pk))
            return user
    except IntegrityError as error:
        raise EmailTaken from error


def authenticate_user(*, request: HttpRequest, email: str, password: str, device: str = "") -> User:
    """Check a person's password, by the same rule as the log-in page (`login_limits`).

    Args:
        device: of a program that logged in before (`devices`); browsers have a cookie.

    Raises:
        LoginRefused: wrong, unknown, or not active: the answer does not tell which.
        TooManyLogins: too many wrong passwords were tried.
    """
    setattr(request, devices.SHOWN, device)
    try:
        user = get_adapter(request).authenticate(request, email=email, password=password)
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
    user.name = name
    user.save(update_fields=["name"])
    return user


def forget_old_tokens(*, now: datetime) -> None:
    """Delete tokens that have expired and can therefore not be used again anyway."""
    forget_ended_families(now=now)


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
