from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "evently.site"
    label = "evently_site"
    verbose_name = "The site's own parts"

    def ready(self) -> None:
        from evently import checks  # noqa: F401 (registers itself)
