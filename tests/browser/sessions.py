"""Browsers of people who have logged in already."""

from typing import Any

from django.conf import settings
from django.test import Client

from evently.accounts.models import User

# Test servers speak plain http (`INSECURE_COOKIES`), where cookies have no prefix.
PLAIN_NAME = settings.SESSION_COOKIE_NAME.removeprefix("__Host-")


def session_of(user: User, site: str) -> Any:
    """The cookie that makes a browser this user's on the site at that address."""
    client = Client()
    client.force_login(user)
    return {
        "name": PLAIN_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": site,
    }
