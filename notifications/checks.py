"""System checks of mail: what is unsafe or would be lost."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage

from evently.checks import LOOPBACK, warnings_of


def check_mail(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Settings of mail that are fine on one's own machine alone."""
    has_sendgrid = bool(settings.SENDGRID_API_KEY)
    is_far = bool(settings.EMAIL_HOST) and settings.EMAIL_HOST not in LOOPBACK
    unsafe = {
        "W001": (
            not has_sendgrid and not settings.EMAIL_HOST,
            "Neither SENDGRID_API_KEY nor EMAIL_HOST is set.",
            "Notices wait in their queue until one of them is.",
        ),
        "W002": (
            has_sendgrid and not settings.SENDGRID_WEBHOOK_VERIFICATION_KEY,
            "SENDGRID_API_KEY is set and SENDGRID_WEBHOOK_VERIFICATION_KEY is not.",
            "Bounces and complaints are not heard of, nor what became of lost answers.",
        ),
        "W003": (
            has_sendgrid and not settings.ANYMAIL["SENDGRID_API_URL"].startswith("https://"),
            "SENDGRID_API_URL does not begin with https://.",
            "The key and all mail would travel in the clear.",
        ),
        "W004": (
            is_far and not settings.EMAIL_USE_TLS,
            "EMAIL_HOST is another machine and EMAIL_USE_TLS is off.",
            "Mail, and EMAIL_HOST_PASSWORD, would travel in the clear.",
        ),
    }
    return warnings_of("notifications", unsafe)
