"""Devices that an account has been used from: a browser's cookie, a program's token.

Each is a signed text with an id and the accounts that logged in with it. It gives no access. It
only prevents strangers' wrong passwords from locking this device out
(`evently.accounts.login_limits`).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

LIFETIME = timedelta(days=365)
# Of people who share a browser: the latest ones.
MOST_ACCOUNTS = 5
SALT = "evently.device"
# What a program showed, and what a log-in left for the answer, as attributes of the request.
SHOWN, REMEMBERED = "shown_device", "account_to_remember"


def device_of(request: HttpRequest, account: str) -> str:
    """The id of the device, if the account has been used from it; else empty."""
    device = _read(request)
    return str(device["id"]) if account in device["for"] else ""


def make_device(request: HttpRequest, account: str) -> str:
    """The text for a device on which the account has just been used; it keeps its id."""
    device = _read(request)
    others = [other for other in device["for"] if other != account]
    accounts = [account, *others][:MOST_ACCOUNTS]
    return signing.dumps({"id": device["id"] or uuid4().hex, "for": accounts}, salt=SALT)


def remember_devices(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: the answer to a log-in, or to a new password by mail, brings the cookie."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if account := getattr(request, REMEMBERED, ""):
            response.set_cookie(
                settings.DEVICE_COOKIE_NAME,
                make_device(request, account),
                max_age=LIFETIME,
                secure=settings.SECURE_COOKIES,
                httponly=True,
                samesite="Lax",
            )
        if refusal := getattr(request, "login_refusal", None):
            # A form shows it beside the password; programs and caches look at the status.
            response.status_code = 429
            response.headers["Retry-After"] = str(refusal.facts["retry_after_seconds"])
        return response

    return middleware


def _read(request: HttpRequest) -> dict[str, Any]:
    shown = getattr(request, SHOWN, "") or request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    try:
        device = signing.loads(shown, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return {"id": "", "for": []}
    return dict(device)
