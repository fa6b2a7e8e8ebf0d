from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "evently.accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from evently.accounts.addresses import greet
        from evently.accounts.facts import AccountOpened
        from evently.accounts.services import note_language
        from evently.facts import subscribe

        def note(user: Any, **_signal: Any) -> None:
            note_language(user=user)

        subscribe(AccountOpened, greet)
        user_logged_in.connect(note, weak=False, dispatch_uid="language")
