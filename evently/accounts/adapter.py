"""Our part in what allauth's pages do."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.translation import get_language

from evently.accounts.facts import AccountOpened
from evently.accounts.models import User
from evently.addresses import normal_address
from evently.facts import publish
from evently.transactions import unit_of_work


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Opens accounts as `services.register_user` does."""

    def clean_email(self, email: str) -> str:
        """Called by every form of allauth that takes an address."""
        return normal_address(email)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Log-in finds the account by each spelling of its address."""
        if email := credentials.get("email"):
            credentials["email"] = User.objects.address_of_account(email)
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        return user

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """The new person's row, and the news of it, in one transaction."""
        user.language = get_language() or user.language
        with unit_of_work():
            super().save_user(request, user, form, commit)
            publish(AccountOpened(user.pk))
        return user
