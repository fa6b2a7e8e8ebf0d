"""Our part in what allauth's pages do."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from evently.accounts.errors import TooManyLogins
from evently.accounts.login_limits import counted
from evently.accounts.mails import send_account_mail
from evently.accounts.models import User
from evently.addresses import normal_address
from evently.links import address_of_page


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's log-in, sign-up and new passwords, with our mails and our rule for addresses.

    Every form that asks for a password counts the wrong ones.
    """

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Does nothing: allauth's own limit counts by account alone, so strangers could lock it."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Returns the account with this address and password; None when there is none.

        The account is found by each spelling of its address.

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

    def clean_email(self, email: str) -> str:
        """Called by every form of allauth that takes an address."""
        return normal_address(email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Links lead to `SITE_URL`: the request's host can be forged by the person who sends it."""
        ours = context | {"signup_url": address_of_page("account_signup")}
        user = context.get("user")
        language = user.language if isinstance(user, User) else ""
        send_account_mail(template_prefix, email, context=ours, language=language)

    def get_reset_password_from_key_url(self, key: str) -> str:
        user, _, token = key.partition("-")
        return address_of_page("account_reset_password_from_key", user, token)

    def reauthenticate(self, user: User, password: str) -> bool:
        """Whether it is the password of this account, and not of another with the same address."""
        checked = self.authenticate(self.request, email=user.email, password=password, account=user)
        return bool(checked is not None and checked.pk == user.pk)
