"""Backends of mails that are sent one by one, such as those about accounts (`EMAIL_BACKEND`).

They are Django's and anymail's, which get each message with the domains of its addresses in ASCII
(Django's own spelling follows IDNA 2003, which names another server for some domains) and with the
header that every mail of Evently has. Notices go their own way, see `notifications.delivery`.
"""

import logging
from collections.abc import Sequence
from email.utils import parseaddr
from typing import TYPE_CHECKING

from anymail.backends.sendgrid import EmailBackend as _SendGridBackend
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.console import EmailBackend as _ConsoleBackend
from django.core.mail.backends.smtp import EmailBackend as _SmtpBackend

from evently.addresses import mail_address, mailbox

logger = logging.getLogger(__name__)

# No person wrote it: no automatic answer is wanted (RFC 3834 §5).
AUTOMATIC = {"Auto-Submitted": "auto-generated"}

if TYPE_CHECKING:
    Backend = BaseEmailBackend
else:
    Backend = object


class _Prepared(Backend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return int(super().send_messages([*filter(_prepare, email_messages)]) or 0)


class SmtpBackend(_Prepared, _SmtpBackend):
    pass


class SendGridBackend(_Prepared, _SendGridBackend):  # type: ignore[misc]
    pass


class ConsoleBackend(_Prepared, _ConsoleBackend):
    pass


def _prepare(message: EmailMessage) -> bool:
    """Whether it can be sent. No door takes an address that gets no mail; an old row may have one,
    and whoever is logged in with it still gets a page."""
    try:
        for recipient in message.recipients():
            mail_address(parseaddr(recipient)[1])
    except ValidationError as error:
        logger.error("A mail about an account was not sent: %s", error.messages)
        return False
    for each in ("to", "cc", "bcc"):
        setattr(message, each, [mailbox(address) for address in getattr(message, each)])
    message.from_email = mailbox(message.from_email)
    message.extra_headers = AUTOMATIC | message.extra_headers
    return True
