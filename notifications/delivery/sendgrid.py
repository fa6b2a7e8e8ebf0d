"""Mail by SendGrid's API (v3 mail/send), through django-anymail."""

from datetime import datetime

import requests
from anymail.backends.sendgrid import EmailBackend
from anymail.exceptions import AnymailError, AnymailRequestsAPIError
from django.core.mail import EmailMessage
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from notifications.delivery.answers import NotTaken, Receipt, Unanswered
from notifications.delivery.claims import hand_over
from notifications.models import Delivery

# Said by what stands between us: SendGrid itself may have the message.
SAID_BY_A_PROXY = (502, 504)


class SendGridProvider:
    """A session with the API, opened when it is needed."""

    name = "sendgrid"

    def __init__(self) -> None:
        self._backend = EmailBackend()

    def close(self) -> None:
        self._backend.close()

    def send(self, delivery: Delivery, message: EmailMessage, *, now: datetime) -> Receipt:
        """Hand one message over.

        Raises:
            NotTaken, Unanswered: see there. It rejects nothing: SMTP may have another opinion.
            ClaimLost: see `hand_over`.
        """
        self._backend.open()
        self._try_to_write(message)
        hand_over(delivery, provider=self.name, now=now, last_step=lambda: self._post(message))
        return Receipt(message.anymail_status.message_id)  # type: ignore[attr-defined]

    def _try_to_write(self, message: EmailMessage) -> None:
        """A message that cannot be written breaks here, before SendGrid might have it."""
        try:
            payload = self._backend.build_message_payload(message, self._backend.send_defaults)
            payload.get_request_params(self._backend.api_url)
        except AnymailError as error:
            raise NotTaken(str(error)) from error

    def _post(self, message: EmailMessage) -> None:
        try:
            self._backend.send_messages([message])
        except AnymailRequestsAPIError as error:
            raise _meaning(error) from error
        except AnymailError as error:
            raise NotTaken(str(error)) from error


def _meaning(error: AnymailRequestsAPIError) -> NotTaken | Unanswered:
    status: int | None = error.status_code
    if status in SAID_BY_A_PROXY:
        return Unanswered(f"status {status}")
    if status is not None:
        return NotTaken(f"status {status}", is_out=status != 400)
    if _never_connected(error):
        return NotTaken("No connection", is_out=True)
    return Unanswered(f"No answer: {type(error.__cause__).__name__}")


def _never_connected(error: AnymailRequestsAPIError) -> bool:
    """Whether not even a connection came about, so that nothing was said."""
    cause = error.__cause__
    if not isinstance(cause, requests.ConnectionError):
        return False
    reason = getattr(cause.args[0] if cause.args else None, "reason", None)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
