"""Jobs of notices: bringing them, and reminding of events."""

import time
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.utils import timezone

from evently.jobs import nudge
from events.facts import EventMoved
from notifications import delivery, moves, services
from notifications.facts import BroadcastQueued
from notifications.nudging import nudge_delivery, register_job, take_up_nudge
from notifications.reminders import write_reminders

# A worker that is told to stop finishes the task in hand: it must not take long.
LONGEST_SECONDS = 5.0


@shared_task(name="notifications.deliver", ignore_result=True)
def deliver(**_: Any) -> None:
    """Bring what is due; nudged after commits, and its own sweep."""
    take_up_nudge()
    delivery.settle_unanswered(now=timezone.now())
    while delivery.plan_deliveries(now=timezone.now()):
        pass
    if delivery.has_more_than_a_batch(now=timezone.now()):
        nudge_delivery()  # for another worker to help
    end = time.monotonic() + LONGEST_SECONDS
    while (left := end - time.monotonic()) > 0:
        if not delivery.deliver_batch(now=timezone.now(), seconds=left):
            return
    nudge_delivery()


register_job(deliver)


@worker_ready.connect
def look_after_start(**_: Any) -> None:
    """What the worker before left is taken up at once, not at the next sweep."""
    nudge(deliver)


@shared_task(name="notifications.remind", ignore_result=True)
def remind(**_: Any) -> None:
    write_reminders(now=timezone.now())


@shared_task(name="notifications.tell_of_moves", ignore_result=True)
def tell_of_moves(**_: Any) -> None:
    """Tell of the events that have moved; nudged by each move, and its own sweep."""
    moves.tell_of_moves(now=timezone.now())


@shared_task(name="notifications.write_broadcasts", ignore_result=True)
def write_broadcasts(**_: Any) -> None:
    """Write the notices of organisers' messages; nudged by each, and its own sweep."""
    for broadcast_id in services.find_queued_broadcasts():
        services.write_broadcast(broadcast_id=broadcast_id)


def nudge_moves(_: EventMoved) -> None:
    """Who is to be told at once is; the others when the changes have settled."""
    nudge(tell_of_moves)


def nudge_broadcast(_: BroadcastQueued) -> None:
    nudge(write_broadcasts)
