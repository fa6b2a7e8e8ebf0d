"""Our part in what allauth's pages do."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter

from evently.accounts.mails import send_account_mail
from evently.accounts.models import User
from evently.links import address_of_page


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's log-in, sign-up and new passwords with our mails and our rule of addresses."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Links lead to `SITE_URL`: whoever asks for the mail chooses the request's host."""
        ours = context | {"signup_url": address_of_page("account_signup")}
        user = context.get("user")
        language = user.language if isinstance(user, User) else ""
        send_account_mail(template_prefix, email, context=ours, language=language)

    def get_reset_password_from_key_url(self, key: str) -> str:
        user, _, token = key.partition("-")
        return address_of_page("account_reset_password_from_key", user, token)

    def reauthenticate(self, user: User, password: str) -> bool:
        """The password of this very account, whoever else has given its address."""
        checked = self.authenticate(self.request, email=user.email, password=password, account=user)
        return bool(checked is not None and checked.pk == user.pk)
