"""What a look at one person costs, however many others are connected."""

import asyncio
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from notifications.live import people
from notifications.live.people import People, Person


class QuietChannel:
    """Nothing is published here."""

    def __init__(self, name: str, hear: object) -> None:
        self.opening = asyncio.get_running_loop().create_future()

    def close(self) -> None:
        pass


class CountedLine:
    """A line that counts how often any line is touched."""

    touched: ClassVar[int] = 0
    closed: ClassVar[set[UUID]] = set()

    def __init__(self, hall: People, event_id: UUID) -> None:
        self.event_id = event_id
        self._people: set[Person] = set()

    @property
    def people(self) -> set[Person]:
        CountedLine.touched += 1
        return self._people

    def close(self) -> None:
        CountedLine.closed.add(self.event_id)


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "Line", CountedLine)
    monkeypatch.setattr(people, "Channel", QuietChannel)
    CountedLine.closed.clear()


async def look_of_one_among(number: int) -> int:
    """How many lines are touched when one person's lines change, and others wait in theirs."""
    hall = People(asyncio.get_running_loop())
    for _ in range(number):
        hall._stand_in(hall.enter(uuid4()), {uuid4()})
    person, old, new = hall.enter(uuid4()), uuid4(), uuid4()
    CountedLine.touched = 0
    hall._stand_in(person, {old})
    hall._stand_in(person, {old})
    hall._stand_in(person, {new})
    hall.exit(person)
    hall.life.cancel()
    await asyncio.wait([hall.life])
    assert CountedLine.closed == {old, new}
    CountedLine.closed.clear()
    assert len(hall._lines) == number
    return CountedLine.touched


async def test_a_look_touches_ones_own_lines_alone() -> None:
    counts: list[Any] = [await look_of_one_among(number) for number in (0, 10, 1_000)]
    assert counts[0] == counts[1] == counts[2] < 10
