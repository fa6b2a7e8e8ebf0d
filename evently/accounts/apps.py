from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "evently.accounts"
    verbose_name = "People"
