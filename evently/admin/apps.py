"""Stands in INSTALLED_APPS for `django.contrib.admin` and brings Evently's own admin site."""

from django.contrib.admin.apps import AdminConfig


class EventlyAdminConfig(AdminConfig):
    default_site = "evently.admin.site.EventlyAdminSite"
