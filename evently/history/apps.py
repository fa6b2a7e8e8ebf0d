from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HistoryConfig(AppConfig):
    name = "evently.history"
    label = "history"
    verbose_name = _("History")

    def ready(self) -> None:
        from evently.accounts.facts import RefreshTokenReused
        from evently.facts import write_down
        from evently.history.services import record_reused_tokens

        write_down(RefreshTokenReused, record_reused_tokens)
