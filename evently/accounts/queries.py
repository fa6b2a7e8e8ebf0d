"""Reading accounts."""

import re

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import QuerySet

from evently.accounts.models import PERSON_WORDS, User


def match_people(text: str, *, by_name: bool = False) -> QuerySet[User]:
    """People whose name and address have, for every word of the text, a word that begins with it.

    The index `person_by_words` finds them among millions.

    Args:
        by_name: the words are in the name alone; of an address nothing can be found out.
    """
    words = re.findall(r"[^\W_]+", text)
    if not words:
        return User.objects.none()
    prefixes = " & ".join(f"{word}:*" for word in words)
    wanted = SearchQuery(prefixes, search_type="raw", config="simple")
    people = User.objects.annotate(words=PERSON_WORDS).filter(words=wanted)
    if not by_name:
        return people
    names = SearchVector("name", config="simple")
    return people.annotate(words_of_name=names).filter(words_of_name=wanted)
