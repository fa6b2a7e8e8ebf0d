"""Whole addresses of this site, for those who read them elsewhere: in mails above all."""

from django.conf import settings
from django.urls import reverse


def absolute(path: str) -> str:
    """The whole address of a path: `SITE_URL`, whatever host a request names."""
    return settings.SITE_URL.rstrip("/") + path


def address_of_page(name: str, *args: object) -> str:
    """The whole address of a page by its name in the URLconf."""
    return absolute(reverse(name, args=args))
