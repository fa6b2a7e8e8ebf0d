"""Words that somebody who made a typing error may have meant.

Compared by the optimal string alignment distance: the number of letters that are missing, too many,
wrong, or in the place of their neighbour. Figures: `docs/decisions/0023-similar-words.md`.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from rapidfuzz import process
from rapidfuzz.distance import OSA

from evently.search import split_query, written_words

MAX_SUGGESTIONS = 3
# Only so many words of a query are compared, and only so many corrected queries are tried.
MAX_UNKNOWN = 4
MAX_TRIES = 6
# Shorter words resemble too many others.
_MIN_LETTERS = 3
_SHORT = 5


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the vocabulary.

    Args:
        spelling: as most of the texts write it, such as "Café" for "cafe".
        count: how often it occurs.
    """

    spelling: str
    count: int


class Vocabulary:
    """The words that can be suggested, by their plain form (`evently.search.words_of`)."""

    def __init__(self, counted: Iterable[tuple[str, int]] = ()) -> None:
        """
        Args:
            counted: parts of texts between blanks with their number, the most frequent first.
        """
        self.words: dict[str, Word] = {}
        for part, count in counted:
            for word, spelling in written_words(part):
                if _is_comparable(word):
                    known = self.words.get(word) or Word(spelling, 0)
                    self.words[word] = Word(known.spelling, known.count + count)
        self._in_order = sorted(self.words)

    def corrections(self, text: str) -> list[str]:
        """Texts in which similar known words replace the unknown ones, the likeliest first.

        At most `MAX_TRIES`; none when there is nothing to replace. A word that resembles no other
        one stays as it is.
        """
        words = split_query(text)
        unknown = [word for word in words if self._is_unknown(word)][:MAX_UNKNOWN]
        choices = [self._similar(word) if word in unknown else [] for word in words]
        if not any(choices):
            return []
        ways = product(*(range(max(1, len(similar))) for similar in choices))
        likeliest = sorted(ways, key=sum)[:MAX_TRIES]
        return [self._write(words, choices, way) for way in likeliest]

    def _write(self, words: list[str], choices: list[list[str]], way: tuple[int, ...]) -> str:
        chosen = [
            similar[place] if similar else word
            for word, similar, place in zip(words, choices, way, strict=True)
        ]
        return " ".join(
            self.words[word].spelling if word in self.words else word for word in chosen
        )

    def _is_unknown(self, word: str) -> bool:
        """Whether no word begins with it: the search finds beginnings, too."""
        if not _is_comparable(word):
            return False
        place = bisect_left(self._in_order, word)
        return not any(known.startswith(word) for known in self._in_order[place : place + 1])

    def _similar(self, word: str) -> list[str]:
        """The nearest words, at most three; of those at one distance the most frequent."""
        allowed = 1 if len(word) <= _SHORT else 2
        found = process.extract(
            word, self._in_order, scorer=OSA.distance, score_cutoff=allowed, limit=None
        )
        best = sorted(found, key=lambda hit: (hit[1], -self.words[hit[0]].count, hit[0]))
        return [word for word, _distance, _place in best[:MAX_SUGGESTIONS]]


def _is_comparable(word: str) -> bool:
    """Numbers are not compared: another year is no typing error."""
    return len(word) >= _MIN_LETTERS and not any(sign.isdigit() for sign in word)
