"""The odds of places in real lines; what is asked of the database is asked seldom."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from uuid import UUID

from cachetools import TTLCache

from evently.accounts.models import User
from evently.caching import find_result
from evently.replicas import tolerant_reads
from events.models import Event
from waitlist.models import Entry, Standing, Tier, Waitlist
from waitlist.odds.model import Odds, Outlook, foresee
from waitlist.odds.reading import (
    count_live_bookings,
    days_left,
    list_similar,
    read_line,
    read_record,
)
from waitlist.odds.records import Record
from waitlist.queries import Place, find_rules, places_of

OUTLOOK_SECONDS = 60
_outlooks: TTLCache[UUID, Outlook] = TTLCache(10_000, OUTLOOK_SECONDS)
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Prospect:
    """A place in a line, and what may come of it."""

    place: Place
    odds: Odds


def prospects_of(entries: Sequence[Entry], *, now: datetime) -> dict[UUID, Prospect]:
    """Places and odds of entries, which have their events at hand, by their ids."""
    places = places_of(entries)
    ids = {entry.event_id for entry in entries}
    paused = set(Waitlist.objects.filter(pk__in=ids, is_paused=True).values_list("pk", flat=True))
    prospects = {}
    for entry in entries:
        place = places[entry.pk]
        outlook = outlook_of(entry.event, now=now)
        odds = outlook.odds(seats_ahead=place.seats_ahead, fewest=entry.fewest)
        if entry.event_id in paused:
            odds = replace(odds, wait=None)
        prospects[entry.pk] = Prospect(place, odds)
    return prospects


def prospect_of_joining(
    event: Event, *, user: User | None, seats: int = 1, now: datetime
) -> Prospect:
    """What somebody would find who joins the event's line now; None is anybody."""
    entry = Entry(
        event=event,
        number=find_rules(event_id=event.pk).last_number + 1,
        tier=tier_of(event, user),
        fewest=seats,
        quantity=seats,
    )
    return prospects_of([entry], now=now)[entry.pk]


def tier_of(event: Event, user: User | None) -> int:
    """The standing of a person with the event's organiser."""
    standing = Standing.objects.filter(organiser=event.organiser_id, user=user).first()
    return standing.tier if user and standing else Tier.STANDARD


def outlook_of(event: Event, *, now: datetime) -> Outlook:
    """What the event still has to give; made at most once a minute in each process."""
    with _lock:
        outlook = _outlooks.get(event.pk)
    if outlook is None:
        outlook = _foresee(event, now)
        with _lock:
            _outlooks[event.pk] = outlook
    return outlook


def _foresee(event: Event, now: datetime) -> Outlook:
    with tolerant_reads(by=None):
        return foresee(
            read_record(event, until=now),
            [_past_record(past) for past in list_similar(event, now=now)],
            bookings=count_live_bookings(event, at=now),
            line=read_line(event.pk),
            left=days_left(event, now),
            end=days_left(event, event.sale_ends_at),
        )


def _past_record(event: Event) -> Record:
    """What is over does not change any more."""
    key = f"waitlist-record:{event.pk}"
    return find_result(key, lambda: read_record(event, until=event.sale_ends_at))
