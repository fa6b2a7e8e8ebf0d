"""Searching by words, the same on every database, whatever its locale and extensions.

Text and query are brought to the same plain words here, and the vector is written as it is stored:
PostgreSQL's own parser, which takes "Node.js" for a host and "a/b" for a file and knows letters by
the locale, has no part in it. Figures: `docs/decisions/0020-search.md`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet
from django.http import HttpRequest

MAX_WORDS_OF_A_QUERY = 16
MAX_LETTERS = 40
WEIGHTS = "ABCD"
# Letters that Unicode does not take for another one with a mark.
_ALIKE = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ı": "i"}
)
# Accents of Latin, Greek and Cyrillic letters; points and vowels of Hebrew and Arabic.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]")
_APOSTROPHE_SIGNS = "'\u02bc\u2018\u2019\uff07"
_APOSTROPHES = re.compile(f"[{_APOSTROPHE_SIGNS}]")


def words_of(text: str) -> list[str]:
    """The text's words without capitals, accents and punctuation, in their order.

    By Unicode's compatibility forms (UAX 15): "Straßenfest, Café" has "strassenfest" and "cafe".
    Very long ones are cut.
    """
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    plain = unicodedata.normalize("NFKC", plain).casefold().translate(_ALIKE)
    return [word[:MAX_LETTERS] for word in plain.translate(_SPACES).split()]


def written_words(text: str) -> Iterator[tuple[str, str]]:
    """The words that find a text, each with the way in which the text writes it.

    "„Straßenfest“" has ("strassenfest", "Straßenfest"); "O’Connor" has ("oconnor", "O’Connor"),
    too, besides "o" and "connor".
    """
    if text.isalpha():
        runs = [text]
    else:
        runs = _runs(text, also="")
        if _APOSTROPHES.search(text):
            runs += (run.strip(_APOSTROPHE_SIGNS) for run in _runs(text, also=_APOSTROPHE_SIGNS))
    for run in dict.fromkeys(runs):
        words = words_of(_APOSTROPHES.sub("", run))
        if len(words) == 1:
            yield words[0], run


def _runs(text: str, *, also: str) -> list[str]:
    """The longest parts that consist of letters, marks, digits and the signs of `also`."""

    def is_part(sign: str) -> bool:
        return sign in also or _SPACES[ord(sign)] != " "

    return ["".join(signs) for is_run, signs in groupby(text, is_part) if is_run]


def search_vector(texts: Mapping[str, str]) -> str:
    """The words of the texts as a `tsvector`, each with the weights of the texts that have it.

    A word with an apostrophe is found with and without it: "O’Connor" by "connor" and "oconnor".

    Args:
        texts: by their weight, A to D.
    """
    places: dict[str, list[str]] = {}
    for place, weight in enumerate(WEIGHTS, start=1):
        text = texts.get(weight, "")
        for word in {*words_of(text), *words_of(_APOSTROPHES.sub("", text))}:
            places.setdefault(word, []).append(f"{place}{weight}")
    return " ".join(f"'{word}':{','.join(found)}" for word, found in sorted(places.items()))


class WordsQuery(SearchQuery):
    """A query in the notation of `tsquery`, which no parser looks at."""

    template = "(%(expressions)s)::tsquery"

    def __init__(self, words: list[str], weight: str) -> None:
        terms = " & ".join(f"'{word}':*{weight}" for word in words)
        super().__init__(terms, search_type="raw")


def words_query(text: str, *, weight: str = "") -> WordsQuery | None:
    """A query for what has, for every word of the text, a word that begins with it.

    None when the text has no word at all. Of very many words the first sixteen count.

    Args:
        weight: only words of this weight of the vector, A to D.
    """
    words = split_query(text)
    return WordsQuery(words, weight) if words else None


def split_query(text: str) -> list[str]:
    """The different words of a query, the first sixteen."""
    return list(dict.fromkeys(words_of(text)))[:MAX_WORDS_OF_A_QUERY]


class FoundByWords:
    """For a `ModelAdmin` whose rows are found by words, as events are on the site."""

    def matches(self, request: HttpRequest, text: str) -> Q:
        """The rows that the text finds."""
        raise NotImplementedError

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(self.matches(request, search_term)), False


class _Spaces(dict[int, str | int]):
    """For `str.translate`: what is no letter, mark or digit is a blank; looked up once for each."""

    def __missing__(self, code: int) -> str | int:
        is_part = unicodedata.category(chr(code))[0] in "LMN"
        self[code] = code if is_part else " "
        return self[code]


_SPACES = _Spaces()
