from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IdempotencyConfig(AppConfig):
    name = "evently.idempotency"
    label = "idempotency"
    verbose_name = _("Kept answers")

    def ready(self) -> None:
        from evently.accounts.personal_data import register_personal_data
        from evently.idempotency.personal_data import PERSONAL_DATA

        register_personal_data(PERSONAL_DATA)
