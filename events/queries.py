"""Reading events: who may see what, and the lists."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import F

from evently.accounts.models import User
from events.errors import EventNotFound
from events.models import (
    EDITORS,
    Event,
    EventQuerySet,
    InventoryAudit,
    Membership,
    Organiser,
    OrganiserQuerySet,
)

ORDERINGS = ("starts_at", "-starts_at", "price", "-price", "name", "-name")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSearch:
    """What a list of events is narrowed down to; None or an empty text narrows nothing."""

    search: str = ""
    starts_after: datetime | None = None
    starts_before: datetime | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    available: bool = False
    organiser: UUID | None = None
    ordering: str = "starts_at"


def list_events(*, search: EventSearch, user: User | None, now: datetime) -> EventQuerySet:
    """Published events that are not over, soonest first unless `ordering` says otherwise.

    With an organiser: all of that organiser's events which the user may see, drafts and past ones
    included.
    """
    events = Event.objects.select_related("organiser").order_by(search.ordering, "id")
    if search.organiser:
        events = events.visible_to(user).filter(organiser=search.organiser)
    else:
        events = events.upcoming(now)
    return _matching(events.filter(**_bounds(search)), search)


def list_popular_events(*, now: datetime, limit: int) -> EventQuerySet:
    """Upcoming events by the number of seats taken, most first."""
    taken = F("capacity") - F("available_seats")
    events = Event.objects.select_related("organiser").upcoming(now)
    return events.order_by(taken.desc(), "starts_at", "id")[:limit]


def list_ended_events(*, now: datetime) -> EventQuerySet:
    """Published events that are over, the one that ended first in front."""
    events = Event.objects.filter(status=Event.Status.PUBLISHED, ends_at__lte=now)
    return events.order_by("ends_at", "id")


def get_event(*, event_id: UUID, user: User | None) -> Event:
    """One event that the user (None: anybody) may see.

    Raises:
        EventNotFound: no such event, or somebody else's draft.
    """
    events = Event.objects.select_related("organiser").visible_to(user)
    event = events.filter(pk=event_id).first()
    if event is None:
        raise EventNotFound
    return event


def find_last_audit() -> InventoryAudit | None:
    """The latest result that the audit kept."""
    return InventoryAudit.objects.order_by("-ran_at").first()


def list_organisers(*, user: User) -> OrganiserQuerySet:
    """The teams that the user belongs to; all of them for staff."""
    return Organiser.objects.of(user).order_by("name", "id")


def find_own_organiser(*, user: User) -> Organiser | None:
    """The one team in which the user may change events, or None when there are none or several."""
    teams = Organiser.objects.filter(memberships__user=user, memberships__role__in=EDITORS)[:2]
    return teams[0] if len(teams) == 1 else None


def may_edit(organiser_id: UUID, user: User) -> bool:
    """Whether the user may change this organiser's events: owner, manager, or staff."""
    roles = Membership.objects.filter(organiser=organiser_id, user=user, role__in=EDITORS)
    return user.is_staff or roles.exists()


def may_see(event: Event, user: User) -> bool:
    """Whether the user may see this event: all but other people's drafts."""
    return Event.objects.visible_to(user).filter(pk=event.pk).exists()


def _bounds(search: EventSearch) -> dict[str, object]:
    bounds = {
        "starts_at__gte": search.starts_after,
        "starts_at__lte": search.starts_before,
        "price__gte": search.min_price,
        "price__lte": search.max_price,
        "available_seats__gte": 1 if search.available else None,
    }
    return {lookup: bound for lookup, bound in bounds.items() if bound is not None}


def _matching(events: EventQuerySet, search: EventSearch) -> EventQuerySet:
    """Those that have every word of the search in name, venue or description, or its beginning."""
    words = re.findall(r"\w+", search.search)
    if not words:
        return events.none() if search.search.strip() else events
    prefixes = " & ".join(f"{word}:*" for word in words)
    return events.filter(search=SearchQuery(prefixes, search_type="raw", config="simple"))
