"""Use cases of accounts: register, log in, change the profile."""

from datetime import datetime

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest
from django.utils.translation import get_language

from evently.accounts.errors import EmailTaken, LoginRefused, TooManyLogins
from evently.accounts.facts import AccountOpened
from evently.accounts.models import User
from evently.accounts.tokens import forget_ended_families
from evently.errors import Invalid
from evently.facts import publish
from evently.transactions import unit_of_work

# The longest window of allauth's default for failed log-ins (5 in 300 s for each address).
BRAKE_SECONDS = 300


def register_user(*, email: str, password: str, name: str) -> User:
    """Open an account.

    Raises:
        Invalid: the password breaks a rule of `AUTH_PASSWORD_VALIDATORS`.
        EmailTaken: there is an account with this address.

    Side effects:
        Opens the transaction. Publishes AccountOpened.
    """
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


def authenticate_user(*, request: HttpRequest, email: str, password: str) -> User:
    """Check a person's password, behind the same brake as the log-in page.

    Raises:
        LoginRefused: wrong, unknown, or not active: the answer does not tell which.
        TooManyLogins: `ACCOUNT_RATE_LIMITS["login_failed"]` is used up for this address.
    """
    try:
        user = get_adapter(request).authenticate(
            request, email=email.strip().lower(), password=password
        )
    except ValidationError as error:
        raise TooManyLogins(retry_after_seconds=BRAKE_SECONDS) from error
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
