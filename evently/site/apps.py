from django.apps import AppConfig
from django.urls import register_converter

from evently.ids import IdConverter


class SiteConfig(AppConfig):
    name = "evently.site"
    label = "evently_site"
    verbose_name = "The site's own parts"

    def ready(self) -> None:
        from evently import checks  # noqa: F401 (registers itself)

        register_converter(IdConverter, "id")
