"""What a visitor's page lists: the search of the API, and what only the catalogue asks."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import DateField, F, Func
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from evently.accounts.models import User
from evently.search import words_query
from events.models import EventQuerySet
from events.queries import EventSearch, list_events


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueSearch:
    """What the catalogue is narrowed down to; None or an empty text narrows nothing.

    Dates are those on the event's own clocks, both included; found is what takes place on one of
    them, from its start up to its end.
    """

    common: EventSearch = field(default_factory=EventSearch)
    place: str = ""
    first_date: date | None = None
    last_date: date | None = None
    organiser: UUID | None = None


def list_catalogue(*, search: CatalogueSearch, user: User | None, now: datetime) -> EventQuerySet:
    """Published events that are not over, soonest first."""
    events = _at_place(list_events(search=search.common, user=user, now=now), search.place)
    if search.organiser:
        events = events.filter(organiser=search.organiser)
    return _between(events, search.first_date, search.last_date)


def _at_place(events: EventQuerySet, place: str) -> EventQuerySet:
    """Those whose venue has every word, or its beginning."""
    if not place.strip():
        return events
    # B is the weight that the venue's words have in the vector of words.
    wanted = words_query(place, weight="B")
    return events.filter(words=wanted) if wanted else events.none()


def _between(events: EventQuerySet, first: date | None, last: date | None) -> EventQuerySet:
    if first:
        # An event that ends at midnight does not take place on the day that begins then.
        last_moment = F("ends_at") - timedelta(microseconds=1)
        events = events.filter(GreaterThanOrEqual(_local_date(last_moment), first))
    if last:
        events = events.filter(LessThanOrEqual(_local_date(F("starts_at")), last))
    return events


def _local_date(instant: Combinable) -> Cast:
    return Cast(Func(F("timezone"), instant, function="timezone"), DateField())
