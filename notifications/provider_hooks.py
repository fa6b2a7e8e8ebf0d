"""Where SendGrid tells what became of mails: its Event Webhook, signed (ECDSA over SHA-256).

anymail checks the signature and hands the events to its signal, which `delivery.events` hears.
"""

from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def sendgrid_events(request: HttpRequest) -> HttpResponse:
    """Without a key anybody could say that mails arrived: nobody is believed."""
    if not settings.SENDGRID_WEBHOOK_VERIFICATION_KEY:
        raise AnymailWebhookValidationFailure("SENDGRID_WEBHOOK_VERIFICATION_KEY is not set")
    answer: HttpResponse = _signed_events(request)
    return answer


class _SignedEvents(SendGridTrackingWebhookView):  # type: ignore[misc]
    key_setting_name = "webhook_verification_key"  # SENDGRID_WEBHOOK_VERIFICATION_KEY

    def run_validators(self, request: Any) -> None:
        try:
            super().run_validators(request)
        except ValueError as error:  # not even letters of a signature
            raise AnymailWebhookValidationFailure("Not a signature") from error


_signed_events = _SignedEvents.as_view()
