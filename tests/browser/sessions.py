"""Browsers of people who have logged in already."""

from typing import Any

from django.conf import settings
from django.test import Client

from evently.accounts.models import User


def session_of(user: User, site: str) -> Any:
    """The cookie that makes a browser this user's on the site at that address."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": site}
