from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "evently.accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from allauth.account.signals import password_reset
        from django.contrib.auth.signals import user_logged_in

        from evently.accounts.addresses import greet
        from evently.accounts.devices import REMEMBERED
        from evently.accounts.facts import AccountOpened
        from evently.accounts.login_limits import account_of
        from evently.accounts.services import note_language
        from evently.facts import subscribe

        def note(user: Any, **_signal: Any) -> None:
            note_language(user=user)

        def remember(user: Any, request: Any = None, **_signal: Any) -> None:
            if request is not None:
                setattr(request, REMEMBERED, account_of(user.email))

        subscribe(AccountOpened, greet)
        user_logged_in.connect(note, weak=False, dispatch_uid="language")
        user_logged_in.connect(remember, weak=False, dispatch_uid="device")
        # The mailed link proved the owner: their new device is remembered, too.
        password_reset.connect(remember, weak=False, dispatch_uid="device")
