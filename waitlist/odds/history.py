"""What the odds would have told of events that are over, from what was known then.

At some instants of an event's sale somebody is imagined with so many seats ahead. They would have
been served as soon as more seats than these were cancelled. Nobody was really asked, so here no
offer comes back either, neither in what is told nor in what came.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate

from bookings.models import Booking
from events.models import Event
from waitlist.odds.judging import Trial
from waitlist.odds.model import Outlook, foresee
from waitlist.odds.reading import count_live_bookings, days_left, list_similar, read_record

# When it is looked at, in days before the begin, and with how many seats ahead.
LOOKED_AT_DAYS = (30, 14, 7, 3, 1)
SEATS_AHEAD = (0, 1, 2, 5, 10, 20)
MOST_EVENTS = 500


def replay_trials(*, now: datetime) -> Iterator[Trial]:
    """For every event that is over, the latest first, what was told at each instant and came."""
    over = Event.objects.filter(
        status__in=(Event.Status.PUBLISHED, Event.Status.COMPLETED), ends_at__lte=now
    )
    for event in over.order_by("-ends_at", "pk")[:MOST_EVENTS]:
        for days in LOOKED_AT_DAYS:
            at = event.starts_at - timedelta(days=days)
            if event.created_at < at < event.sale_ends_at:
                yield from _trials(event, at)


def _trials(event: Event, at: datetime) -> Iterator[Trial]:
    outlook, freed = _outlook(event, at), _list_freed(event, at)
    for ahead in SEATS_AHEAD:
        served = next((moment for moment, seats in freed if seats > ahead), None)
        waited = (served - at).total_seconds() if served else None
        yield Trial(outlook.odds(seats_ahead=ahead, fewest=1), waited)


def _outlook(event: Event, at: datetime) -> Outlook:
    """As it was at that instant: only events that were over then are its past."""
    outlook = foresee(
        read_record(event, until=at),
        [read_record(past, until=past.sale_ends_at) for past in list_similar(event, now=at)],
        bookings=count_live_bookings(event, at=at),
        line={},
        left=days_left(event, at),
        end=days_left(event, event.sale_ends_at),
    )
    return replace(outlook, returning=0.0)


def _list_freed(event: Event, at: datetime) -> list[tuple[datetime, int]]:
    """When seats came back after an instant, and how many had come by then."""
    span = (at, event.sale_ends_at)
    cancelled = Booking.objects.filter(event=event, created_at__lte=at, cancelled_at__range=span)
    rows = list(cancelled.order_by("cancelled_at", "pk").values_list("cancelled_at", "quantity"))
    moments = [moment for moment, _ in rows if moment]
    return list(zip(moments, accumulate(seats for _, seats in rows), strict=True))
