"""Our part in what allauth's pages do."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import get_language

from evently.accounts.errors import TooManyLogins
from evently.accounts.facts import AccountOpened
from evently.accounts.login_limits import counted
from evently.accounts.models import User
from evently.addresses import normal_address
from evently.facts import publish
from evently.transactions import unit_of_work


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Opens accounts as `services.register_user` does, and counts wrong passwords at every door."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Nothing: allauth's own brake counts by account alone, so strangers could lock it."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Whose password it is; None when it is nobody's. The account is found by each spelling of
        its address.

        Raises:
            ValidationError: because of TooManyLogins, which is also left in the request.
        """
        if email := credentials.get("email") or "":
            credentials["email"] = email = User.objects.address_of_account(email)
        try:
            with counted(request, email) as attempt:
                user: User | None = super().authenticate(request, **credentials)
                attempt.is_right = user is not None
        except TooManyLogins as refusal:
            request.login_refusal = refusal  # type: ignore[attr-defined]
            raise ValidationError(str(refusal)) from refusal
        return user

    def reauthenticate(self, user: User, password: str) -> bool:
        """Whether it is the person's password; asked again before a step that needs it."""
        found = self.authenticate(context.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def clean_email(self, email: str) -> str:
        """Called by every form of allauth that takes an address."""
        return normal_address(email)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """The new person's row, and the news of it, in one transaction."""
        user.language = get_language() or user.language
        with unit_of_work():
            super().save_user(request, user, form, commit)
            publish(AccountOpened(user.pk))
        return user
