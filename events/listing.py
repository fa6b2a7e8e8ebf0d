"""Lists of events from two places: which ones and in which order may be known to L2, but every row
is read anew, under all conditions of the list. So seat counts are those of this moment, and what
does not belong into the list any more shows at once that the known order is out of date.
"""

from hashlib import blake2b

from django.db.models import QuerySet

from evently.api.pagination import Fetch, first_rows
from evently.caching import REQUESTS, lists
from evently.purging import EVENTS, EVERYTHING, purge, tag_of_event
from events.catalogue import CatalogueSearch
from events.facts import ListsChanged, OrganiserRenamed
from events.models import Event
from events.queries import EventSearch


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


def hear_of_lists(fact: ListsChanged) -> None:
    """Subscribed in `events.apps`: what was kept of lists and of these events is out of date."""
    lists.forget()
    purge([EVENTS, *map(tag_of_event, fact.event_ids)])


def hear_of_name(fact: OrganiserRenamed) -> None:
    """Subscribed in `events.apps`: the name stands on the pages of all of its events."""
    purge([EVERYTHING])
