"""What SendGrid tells later: its events, by a webhook whose signature anymail checks."""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.db.models import QuerySet
from django.utils import timezone

from evently.addresses import spellings
from evently.transactions import unit_of_work
from notifications.delivery.message import DELIVERY_ID
from notifications.delivery.outcomes import storable
from notifications.models import Delivery, Suppression

logger = logging.getLogger(__name__)
Status, Reason = Delivery.Status, Suppression.Reason

# The provider has the message. A delivery that was to be sent again needs that no more.
HAS_IT = {EventType.QUEUED, EventType.DEFERRED}
ARRIVED = {EventType.DELIVERED, EventType.OPENED, EventType.CLICKED}
CAME_BACK = {EventType.BOUNCED, EventType.REJECTED}
STOPS_MAIL = {
    EventType.COMPLAINED: Reason.COMPLAINT,
    EventType.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
}
NOT_SETTLED = (Status.DUE, Status.SENDING, Status.UNCONFIRMED)


def hear_event(event: AnymailTrackingEvent, **_signal: Any) -> None:
    """Write down one event of the provider; hearing it twice, or late, is the same as once."""
    now = timezone.now()
    with unit_of_work():
        _move(_delivery_of(event), event, event.timestamp or now)
        reason = _reason_to_stop(event)
        if reason and event.recipient:
            Suppression.objects.get_or_create(
                email=spellings(event.recipient)[-1], defaults={"reason": reason, "at": now}
            )


def _delivery_of(event: AnymailTrackingEvent) -> QuerySet[Delivery]:
    try:
        return Delivery.objects.filter(pk=UUID(event.metadata.get(DELIVERY_ID, "")))
    except ValueError:
        return Delivery.objects.none()  # a mail of another kind, or of another sender


def _move(delivery: QuerySet[Delivery], event: AnymailTrackingEvent, at: datetime) -> None:
    message_id = event.message_id or ""
    known = {"claimed_until": None, "provider": "sendgrid", "provider_message_id": message_id}
    if event.event_type in HAS_IT:
        open_still = delivery.filter(status__in=NOT_SETTLED)
        open_still.update(status=Status.SENT, sent_at=at, last_error="", **known)
    elif event.event_type in ARRIVED:
        open_still = delivery.filter(status__in=(*NOT_SETTLED, Status.SENT))
        open_still.update(status=Status.DELIVERED, last_error="", **known)
    elif event.event_type in CAME_BACK:
        why = event.mta_response or event.reject_reason or event.event_type
        delivery.update(status=Status.FAILED, last_error=storable(why), **known)


def _reason_to_stop(event: AnymailTrackingEvent) -> Suppression.Reason | None:
    """Why no more mail is to go to the address; a block or a delay passes."""
    if event.event_type in STOPS_MAIL:
        return STOPS_MAIL[event.event_type]
    bounced = event.event_type == EventType.BOUNCED and not _is_block(event)
    known_bad = event.reject_reason in (RejectReason.BOUNCED, RejectReason.INVALID)
    return Reason.BOUNCE if bounced or known_bad else None


def _is_block(event: AnymailTrackingEvent) -> bool:
    """SendGrid sends a bounce of the type “blocked” when the server refused this mail alone."""
    return bool((event.esp_event or {}).get("type") == "blocked")
