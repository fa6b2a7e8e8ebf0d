"""Jobs of events: the audit of the inventory, and the end of events."""

import logging
from typing import Any

from celery import shared_task
from django.utils import timezone

from events import services

logger = logging.getLogger(__name__)


@shared_task(name="events.audit_inventory", ignore_result=True)
def audit_inventory(**_: Any) -> None:
    report = services.audit_inventory(now=timezone.now())
    for drift in report.drifts:
        logger.error("Event %s does not add up: %+d seats", drift.event_id, drift.seats)


@shared_task(name="events.complete_ended_events", ignore_result=True)
def complete_ended_events(**_: Any) -> None:
    services.complete_ended_events(now=timezone.now())
