"""How long the edge may keep what shows events, and under which tags."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from evently.purging import EVENTS, tag_of_event
from evently.site.public import Response, let_edge_keep
from events.models import Event
from events.slots import mark_slots

# What is kept is purged when it changes, so this is long: each lapse costs a visitor the wait.
SECONDS = 300
# Seats that come back bring an event into such a list that no tag of the list knows of.
SECONDS_OF_AVAILABLE = 1


def let_edge_keep_event(
    request: HttpRequest, response: Response, event: Event, *, now: datetime
) -> Response:
    """Let what shows one event be kept, but not beyond the begin or end of its sale, or its end."""
    seconds = _until_a_turn([event], now, SECONDS)
    return _keep(request, response, [event], [tag_of_event(event.pk)], seconds)


def let_edge_keep_list(
    request: HttpRequest,
    response: Response,
    events: Iterable[Event],
    *,
    now: datetime,
    seconds: int = SECONDS,
) -> Response:
    """Let a list that shows these events be kept, for so many seconds at most."""
    shown = list(events)
    tags = [EVENTS, *(tag_of_event(event.pk) for event in shown)]
    seconds = _until_a_turn(shown, now, seconds)
    return _keep(request, response, shown, tags, seconds)


def _keep(
    request: HttpRequest, response: Response, events: list[Event], tags: list[str], seconds: int
) -> Response:
    response = let_edge_keep(request, response, tags=tags, seconds=seconds)
    # What slots are is for our own edge to know: nobody else takes the header off.
    if settings.EDGE_CACHE and "Surrogate-Control" in response.headers:
        mark_slots(response, events)
    return response


def _until_a_turn(events: Iterable[Event], now: datetime, seconds: int) -> int:
    """Seconds until one of the events is shown differently because time has passed."""
    turns = [
        (instant - now).total_seconds()
        for event in events
        for instant in (event.sales_start_at, event.sales_end_at, event.ends_at)
        if instant and instant > now
    ]
    return max(1, int(min([seconds, *turns])))
