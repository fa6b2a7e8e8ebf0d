"""What somebody may have meant whose search of the catalogue finds nothing.

The words come from the names and venues of upcoming public events alone, and a suggestion is made
only when the catalogue has an event for it under the same filters. So nothing of a draft can show,
nor of a text that was changed since the words were collected.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice, product
from threading import Lock

from django.db import connection
from django.db.models import TextField, Value
from django.db.models.functions import Concat

from evently.accounts.models import User
from evently.spelling import MAX_SUGGESTIONS, MAX_TRIES, Vocabulary
from events.catalogue import CatalogueSearch, list_catalogue
from events.models import Event

# The words of the soonest events; more would be collected for longer than a visitor should wait.
MAX_EVENTS = 100_000
MAX_WORDS = 50_000
# New words are suggested after this time at the latest.
SECONDS = 600
_COUNTED = """
    SELECT part, count(*)
    FROM (SELECT string_to_table(text, ' ') AS part FROM ({texts}) AS soonest) AS parts
    GROUP BY part ORDER BY count(*) DESC, part LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Other words for the catalogue's fields `search` and `where`, which find something."""

    search: str
    place: str

    def __str__(self) -> str:
        return " · ".join(filter(None, (self.search, self.place)))


def list_suggestions(
    *, search: CatalogueSearch, user: User | None, now: datetime
) -> list[Suggestion]:
    """What to search instead of `search`, which finds nothing: three at most, likeliest first."""
    if not f"{search.common.search}{search.place}".strip():
        return []

    def finds(other: Suggestion) -> bool:
        common = replace(search.common, search=other.search)
        wish = replace(search, common=common, place=other.place)
        return list_catalogue(search=wish, user=user, now=now).order_by().exists()

    tries = _corrections(_vocabulary.at(now), search)
    return list(islice(filter(finds, tries), MAX_SUGGESTIONS))


def forget_vocabulary() -> None:
    """Let the next search without hits collect the words anew."""
    _vocabulary.forget()


def _corrections(vocabulary: Vocabulary, search: CatalogueSearch) -> Iterator[Suggestion]:
    words, place = search.common.search, search.place
    searches = vocabulary.corrections(words) or [words]
    places = vocabulary.corrections(place) or [place]
    pairs = sorted(
        product(enumerate(searches), enumerate(places)), key=lambda pair: pair[0][0] + pair[1][0]
    )
    corrected = (Suggestion(words, place) for (_, words), (_, place) in pairs)
    return islice((found for found in corrected if found != Suggestion(words, place)), MAX_TRIES)


class _KeptVocabulary:
    """The vocabulary of this process. One thread collects it; others go on with the former one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        self._vocabulary = Vocabulary()
        self._collected_at: float | None = None

    def at(self, now: datetime) -> Vocabulary:
        if self._is_old() and self._lock.acquire(blocking=False):
            try:
                # Also after a failure nobody tries again for a while.
                self._collected_at = time.monotonic()
                self._vocabulary = Vocabulary(_count_parts(now))
            finally:
                self._lock.release()
        return self._vocabulary

    def _is_old(self) -> bool:
        return self._collected_at is None or time.monotonic() - self._collected_at >= SECONDS


_vocabulary = _KeptVocabulary()


def _count_parts(now: datetime) -> list[tuple[str, int]]:
    """What stands between blanks in names and venues, the most frequent first."""
    soonest = Event.objects.upcoming(now).order_by("starts_at", "id")[:MAX_EVENTS]
    text = Concat("name", Value(" "), "venue", output_field=TextField())
    texts, parameters = soonest.values(text=text).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED.format(texts=texts), [*parameters, MAX_WORDS])
        return list(cursor.fetchall())
