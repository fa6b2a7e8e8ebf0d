"""Which provider is asked: SendGrid first, SMTP when that fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.core.mail import EmailMessage

from evently.breaker import Breaker
from notifications.delivery.answers import NotTaken, Receipt, Unanswered
from notifications.delivery.sendgrid import SendGridProvider
from notifications.delivery.smtp import SmtpProvider
from notifications.models import Delivery

# A provider that failed is left alone for so many seconds, by each worker process.
_breakers = {"sendgrid": Breaker(pause=30.0), "smtp": Breaker(pause=10.0)}


class Provider(Protocol):
    """A way to hand mail over."""

    name: str

    def send(self, delivery: Delivery, message: EmailMessage, *, now: datetime) -> Receipt:
        """
        Raises:
            NotTaken, Rejected, Unanswered, ClaimLost: see `answers`.
        """
        ...

    def close(self) -> None: ...


class Route:
    """The providers that are set up, in order of preference; connections last for a batch."""

    def __init__(self) -> None:
        self._providers: list[Provider] = []
        if settings.SENDGRID_API_KEY:
            self._providers.append(SendGridProvider())
        if settings.EMAIL_HOST:
            self._providers.append(SmtpProvider())

    def open_providers(self) -> list[Provider]:
        """Those that may be asked now."""
        return [each for each in self._providers if not _breakers[each.name].is_open]

    def close(self) -> None:
        for provider in self._providers:
            provider.close()


@contextmanager
def watched(provider: Provider) -> Iterator[None]:
    """Lets the provider rest when it fails in the block."""
    try:
        yield
    except Unanswered:
        _breakers[provider.name].trip()
        raise
    except NotTaken as error:
        if error.is_out:
            _breakers[provider.name].trip()
        raise
