"""What a lost message or a stopped scheduler left to do, found in rows."""

import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from evently.errors import Busy
from evently.transactions import unit_of_work
from events.inventory import return_seats, serve_queue
from events.locks import lock_event
from events.models import Event
from waitlist.models import Entry, EntryQuerySet, Offer, Waitlist
from waitlist.services.rows import BATCH, end_entries, end_offers

logger = logging.getLogger(__name__)


def sweep(*, now: datetime) -> int:
    """Close the lines of events that are cancelled or over, and serve every line that could be
    served; returns how many lines were looked after.

    An event whose row is not to be had is left to the next run.

    Side effects:
        As `close_waitlist`, and a transaction for each event to serve. Locks the event row.
        Publishes what follows from offers.
    """
    to_close = _find_to_close(now)
    for event_id in to_close:
        _unless_busy(close_waitlist, event_id, now)
    to_serve = _find_to_serve()
    for event_id in to_serve:
        _unless_busy(_serve_line, event_id, now)
    return len(to_close) + len(to_serve)


def close_waitlist(*, event_id: UUID, now: datetime) -> None:
    """Send everybody home who waits for an event that is cancelled or over; offers end, too.

    Raises:
        EventNotFound: no such event.

    Side effects:
        Opens a transaction for each thousand entries. Locks the event row. Publishes EntryEnded,
        OfferEnded and LineMoved.
    """
    while _close_some(event_id, now):
        pass


def _close_some(event_id: UUID, now: datetime) -> int:
    with unit_of_work():
        event = lock_event(event_id)
        if not _is_finished(event, now):
            return 0
        entries = list(Entry.objects.live().filter(event=event).order_by("pk")[:BATCH])
        offers = list(Offer.objects.open().filter(entry__in=[entry.pk for entry in entries]))
        seats = end_offers(offers, status=Offer.Status.WITHDRAWN, now=now)
        end_entries(event, entries, status=Entry.Status.CLOSED, now=now)
        if seats:
            return_seats(event, seats=seats, now=now)
        else:
            serve_queue(event, now=now)
    return len(entries)


def _is_finished(event: Event, now: datetime) -> bool:
    done = {Event.Status.CANCELLED, Event.Status.COMPLETED}
    return event.status in done or event.ends_at <= now


def _serve_line(*, event_id: UUID, now: datetime) -> None:
    with unit_of_work():
        serve_queue(lock_event(event_id), now=now)


def _unless_busy(do: Callable[..., None], event_id: UUID, now: datetime) -> None:
    try:
        do(event_id=event_id, now=now)
    except Busy as busy:
        logger.warning("The line of event %s is left to the next sweep: %s", event_id, busy)


def _find_to_close(now: datetime) -> list[UUID]:
    """Events with a line that are cancelled or over while somebody waits or is offered seats."""
    finished = Q(event__status__in=(Event.Status.CANCELLED, Event.Status.COMPLETED)) | Q(
        event__ends_at__lte=now
    )
    lines = Waitlist.objects.filter(finished, _has(Entry.objects.live()))
    return list(lines.order_by("pk").values_list("pk", flat=True))


def _find_to_serve() -> list[UUID]:
    """Events that keep seats, or have public ones while somebody waits and the line goes on."""
    waits = _has(Entry.objects.waiting())
    could_be_served = Q(waits, is_paused=False, event__available_seats__gt=0)
    lines = Waitlist.objects.filter(Q(kept_seats__gt=0) | could_be_served)
    return list(lines.order_by("pk").values_list("pk", flat=True))


def _has(entries: EntryQuerySet) -> Exists:
    return Exists(entries.filter(event=OuterRef("pk")))
