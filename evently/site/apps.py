from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "evently.site"
    label = "evently_site"
    verbose_name = "The site's own parts"
