"""Searching by words, as people type them."""

import re

from django.contrib.postgres.search import SearchQuery


def words_query(text: str, *, weight: str = "") -> SearchQuery | None:
    """A query for what has, for every word of the text, a word that begins with it.

    For vectors of the configuration "simple". None when the text has no word at all.

    Args:
        weight: only words of this weight of the vector, A to D.
    """
    words = re.findall(r"[^\W_]+", text)
    if not words:
        return None
    prefixes = " & ".join(f"{word}:*{weight}" for word in words)
    return SearchQuery(prefixes, search_type="raw", config="simple")
