"""Reading accounts."""

from django.contrib.postgres.search import SearchVector
from django.db.models import QuerySet

from evently.accounts.models import PERSON_WORDS, User
from evently.words import words_query


def match_people(text: str, *, by_name: bool = False) -> QuerySet[User]:
    """People whose name and address have, for every word of the text, a word that begins with it.

    The index `person_by_words` finds them among millions.

    Args:
        by_name: the words are in the name alone; of an address nothing can be found out.
    """
    wanted = words_query(text)
    if wanted is None:
        return User.objects.none()
    people = User.objects.annotate(words=PERSON_WORDS).filter(words=wanted)
    if not by_name:
        return people
    names = SearchVector("name", config="simple")
    return people.annotate(words_of_name=names).filter(words_of_name=wanted)
