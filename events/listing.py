"""Lists of events from two places: which ones and in which order may be known to L2, but every row
is read anew, under all conditions of the list. So seat counts are those of this moment, and what
does not belong into the list any more shows at once that the known order is out of date.
"""

from datetime import datetime
from hashlib import blake2b

from django.db.models import QuerySet

from evently.api.pagination import Fetch, first_rows
from evently.caching import REQUESTS, lists
from evently.purging import EVENTS, EVERYTHING, purge, tag_of_event
from events.catalogue import CatalogueSearch
from events.facts import ListsChanged, OrganiserRenamed
from events.models import Event
from events.queries import EventSearch

MAX_COUNT = 1_000


def fetch_search(search: EventSearch | CatalogueSearch, cursor: str | None = None) -> Fetch[Event]:
    """How to fetch the rows of a page of this search."""
    common = search.common if isinstance(search, CatalogueSearch) else search
    # Seats come back without a word to L2; and whose drafts an organiser's list shows depends on
    # who asks.
    if common.available or common.organiser:
        return first_rows
    return fetch_known(f"{search!r} {cursor}")


def fetch_known(name: str) -> Fetch[Event]:
    """How to fetch the first rows of the list of this name, which is the same for everybody."""

    def fetch(query: QuerySet[Event], most: int) -> list[Event]:
        key = blake2b(f"{name} {most}".encode(), digest_size=16).hexdigest()
        generation, ids = lists.find(key)
        if ids is not None:
            rows = list(query.filter(pk__in=ids))
            if len(rows) == len(ids):
                REQUESTS.labels("l2", "hit").inc()
                return rows
        REQUESTS.labels("l2", "miss" if ids is None else "stale").inc()
        rows = list(query[:most])
        lists.keep(key, generation, [row.pk for row in rows])
        return rows

    return fetch


def count_hits(events: QuerySet[Event], search: EventSearch | CatalogueSearch) -> int | None:
    """How many events words find, `MAX_COUNT` at most; None when no words are asked for.

    Counted are the rows of `events`, which is the list of `search` from its beginning.
    """
    common = search.common if isinstance(search, CatalogueSearch) else search
    place = search.place if isinstance(search, CatalogueSearch) else ""
    if not f"{common.search}{place}".strip():
        return None
    key = blake2b(f"count {search!r}".encode(), digest_size=16).hexdigest()
    is_kept = not (common.available or common.organiser)
    generation, kept = lists.find(key) if is_kept else (None, None)
    if kept is None:
        kept = [events.order_by()[:MAX_COUNT].count()]
        lists.keep(key, generation, kept)
    return int(kept[0])


def fetch_currencies(now: datetime) -> list[str]:
    """The currencies of upcoming events, by code."""
    generation, known = lists.find("currencies")
    if known is None:
        upcoming = Event.objects.upcoming(now).order_by("currency")
        known = list(upcoming.values_list("currency", flat=True).distinct())
        lists.keep("currencies", generation, known)
    return known


def hear_of_lists(fact: ListsChanged) -> None:
    """Subscribed in `events.apps`: what was kept of lists and of these events is out of date."""
    lists.forget()
    purge([EVENTS, *map(tag_of_event, fact.event_ids)])


def hear_of_name(fact: OrganiserRenamed) -> None:
    """Subscribed in `events.apps`: the name stands on the pages of all of its events."""
    purge([EVERYTHING])
