"""Mails about accounts and invitations: short texts with a link, at once.

They go to addresses that nobody has verified yet. So they hold nothing that a stranger typed, and
their links lead to `SITE_URL`, whatever host a request names.
"""

import hashlib
import logging
from collections.abc import Mapping
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from evently.accounts.errors import TooManyMails

logger = logging.getLogger(__name__)

# Nobody can have more sent to somebody else's address.
MAILS_AN_HOUR = 5
HOUR = 3_600
# Mail programs answer no such mail by themselves (RFC 3834 §5).
HEADERS = {"Auto-Submitted": "auto-generated"}


def send_account_mail(
    template: str, to: str, *, context: Mapping[str, Any] | None = None, language: str = ""
) -> bool:
    """Send one mail now.

    A mail server that is out is logged and undoes nothing: all these mails can be asked for again.

    Args:
        template: a path without its ending: `…_subject.txt` and `…_message.txt` are there.
        language: empty: the one that is active.

    Returns:
        Whether a server took it.
    """
    with translation.override(language or translation.get_language()):
        subject = " ".join(render_to_string(f"{template}_subject.txt").split())
        body = render_to_string(f"{template}_message.txt", dict(context or {})).strip() + "\n"
    message = EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [to], headers=HEADERS)
    try:
        message.send()
    except (OSError, SMTPException):
        logger.exception("A mail about an account was not taken")
        return False
    return True


def count_mail(address: str) -> None:
    """Note that somebody has a mail sent to the address; without Redis nothing is counted.

    Raises:
        TooManyMails: `MAILS_AN_HOUR` have been sent there.
    """
    key = "account-mails:" + hashlib.sha256(address.encode()).hexdigest()
    cache.add(key, 0, timeout=HOUR)
    try:
        sent = cache.incr(key)
    except ValueError:  # it expired just now, or there is no Redis
        return
    if sent > MAILS_AN_HOUR:
        raise TooManyMails(retry_after_seconds=HOUR)
