"""Use cases of accounts: register, log in, change the profile."""

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.http import HttpRequest
from django.utils.translation import get_language

from evently.accounts.errors import LoginRefused, TooManyLogins
from evently.accounts.facts import AccountOpened
from evently.accounts.models import User
from evently.accounts.validators import validate_name
from evently.errors import Invalid
from evently.facts import publish
from evently.transactions import unit_of_work

# The longest window of allauth's default for failed log-ins (5 in 300 s for each address).
BRAKE_SECONDS = 300


def register_user(*, email: str, password: str, name: str) -> User:
    """Open an account; the link that verifies its address is mailed there.

    What comes back is the same whoever has the address: an account of its own. When the address is
    another account's, it stays unverified, and the mail warns that account's owner instead.

    Raises:
        Invalid: the password breaks a rule of `AUTH_PASSWORD_VALIDATORS`, or the name holds a link.

    Side effects:
        Opens the transaction. Publishes AccountOpened.
    """
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
    *, request: HttpRequest, email: str, password: str, account: User | None = None
) -> User:
    """Check a person's password, behind the same brake as the log-in page.

    Args:
        account: the only one whose password counts; None: that of any account which may log in
            with the address.

    Raises:
        LoginRefused: wrong, unknown, or not active: the answer does not tell which.
        TooManyLogins: `ACCOUNT_RATE_LIMITS["login_failed"]` is used up for this address.
    """
    try:
        user = get_adapter(request).authenticate(
            request, email=email.strip().lower(), password=password, account=account
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
    """
    Raises:
        Invalid: the name holds a link.
    """
    _check_name(name)
    user.name = name
    user.save(update_fields=["name"])
    return user


def forget_old_tokens() -> None:
    """Delete tokens that have expired and can therefore not be used again anyway."""
    call_command("flushexpiredtokens")


def _check_name(name: str) -> None:
    try:
        validate_name(name)
    except ValidationError as error:
        raise Invalid(name=error.messages) from error


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
