"""Jobs of the waitlist: offers that pass, the sweep, and the end of lines."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from evently.jobs import nudge
from events.facts import EventCancelled
from waitlist import services


@shared_task(name="waitlist.expire_offers", ignore_result=True)
def expire_offers(**_: Any) -> None:
    services.expire_offers(now=timezone.now())


@shared_task(name="waitlist.sweep", ignore_result=True)
def sweep(**_: Any) -> None:
    services.sweep(now=timezone.now())


@shared_task(name="waitlist.close_waitlist", acks_late=True, ignore_result=True)
def close_waitlist(*, event_id: str, **_: Any) -> None:
    """Send home who waits for a cancelled event; its sweep is `sweep`."""
    services.close_waitlist(event_id=UUID(event_id), now=timezone.now())


def nudge_closing(fact: EventCancelled) -> None:
    nudge(close_waitlist, event_id=str(fact.event_id))
