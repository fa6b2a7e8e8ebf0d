"""Log-in with an address that several accounts may have given, and one at most has verified."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest

from evently.accounts.models import User
from evently.accounts.queries import CLAIMS_AT_LOG_IN, list_accounts_for_log_in

# One that gave the address without verifying it, and the one that has it verified.
PASSWORDS_CHECKED = CLAIMS_AT_LOG_IN + 1


class AddressBackend(AuthenticationBackend):  # type: ignore[misc]
    """Checks the same number of passwords for every refusal, however many accounts there are.

    So the time that a refusal takes does not tell whether an address has an account.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        email, password = credentials.get("email"), credentials.get("password")
        if not email or not password:
            return None
        account: User | None = credentials.get("account")
        accounts = (
            [account]
            if account
            else list_accounts_for_log_in(User.objects.address_of_account(email))
        )
        for candidate in accounts:
            if self._check_password(candidate, password):
                return candidate
        for _ in range(PASSWORDS_CHECKED - len(accounts)):
            self._mitigate_timing_attack(password)
        return None
