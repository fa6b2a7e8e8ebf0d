"""Where kept answers stand: bounded in bytes, found by question and by tag."""

from collections import defaultdict
from itertools import chain

from cachetools import Cache, LRUCache

from evently.gateway.edge.entries import Entry
from evently.gateway.edge.questions import Question

# For answers to questions of which anybody can invent any number.
PART_FOR_THE_REST = 1 / 4


class Shelf(LRUCache[Question, Entry]):
    """The least recently used answers go first when there is no room.

    What has lapsed stays until then, or until its successor comes.
    """

    def __init__(self, bytes_at_most: int) -> None:
        super().__init__(bytes_at_most, getsizeof=lambda entry: entry.size)
        self._tagged: defaultdict[str, set[Question]] = defaultdict(set)

    def put(self, question: Question, entry: Entry) -> None:
        """Keep the answer, instead of an older one; not if it is larger than the shelf."""
        self.drop(question)
        if entry.size > self.maxsize:
            return
        self[question] = entry
        for tag in entry.tags:
            self._tagged[tag].add(question)

    def drop(self, question: Question) -> None:
        """Keep it no longer, if it is kept at all."""
        if question in self:
            del self[question]

    def tagged(self, tag: str) -> list[Entry]:
        """The answers that carry the tag; to look at them is not to use them."""
        return [Cache.__getitem__(self, question) for question in self._tagged.get(tag, ())]

    def __delitem__(self, question: Question) -> None:
        """Also called for what is pushed out."""
        entry = self[question]
        super().__delitem__(question)
        for tag in entry.tags:
            self._tagged[tag].discard(question)
            if not self._tagged[tag]:
                del self._tagged[tag]


class Shelves:
    """Two shelves: what many ask stays on its own, whatever invented questions fill the other.

    Args:
        bytes_at_most: of both together.
    """

    def __init__(self, bytes_at_most: int) -> None:
        rest = int(bytes_at_most * PART_FOR_THE_REST)
        self._usual, self._rest = Shelf(bytes_at_most - rest), Shelf(rest)

    def __len__(self) -> int:
        return len(self._usual) + len(self._rest)

    def values(self) -> list[Entry]:
        """All answers that are kept."""
        return [*self._usual.values(), *self._rest.values()]

    @property
    def currsize(self) -> int:
        return int(self._usual.currsize + self._rest.currsize)

    def get(self, question: Question) -> Entry | None:
        return self._of(question).get(question)

    def put(self, question: Question, entry: Entry) -> None:
        """Keep the answer, instead of an older one; not if it is larger than its shelf."""
        self._of(question).put(question, entry)

    def drop(self, question: Question) -> None:
        """Keep it no longer, if it is kept at all."""
        self._of(question).drop(question)

    def tagged(self, tag: str) -> list[Entry]:
        """The answers that carry the tag."""
        return list(chain(self._usual.tagged(tag), self._rest.tagged(tag)))

    def _of(self, question: Question) -> Shelf:
        return self._usual if question.is_usual else self._rest
