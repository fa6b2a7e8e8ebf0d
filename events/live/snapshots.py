"""How events stand now, in one question to the database for all who ask at the same time."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from evently.deadlines import answer_in_time, in_time
from events.facts import EventStateChanged
from events.live.messages import seats_text
from events.models import Event

# Thousands come at once when a sale begins: so many questions a second, whoever and whatever asks.
ASK_EVERY_SECONDS = 0.05

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How an event stood: its version, and the text that websockets get."""

    version: int
    text: str


class Inquiry(Generic[Answer]):
    """Asks the database for many at once; belongs to one event loop.

    Args:
        read: what things with these ids are like, by their ids; called in a thread.
    """

    def __init__(self, read: Callable[[set[UUID]], dict[UUID, Answer]]) -> None:
        self._read = read
        self._wanted: set[UUID] = set()
        self._next: asyncio.Task[dict[UUID, Answer]] | None = None
        self._turn = asyncio.Lock()
        self._next_at = 0.0

    async def ask(self, ids: Iterable[UUID]) -> dict[UUID, Answer]:
        """These things, and maybe others, as they stood after this was called.

        Raises:
            OperationalError, InterfaceError: the database is out.
        """
        self._wanted.update(ids)
        self._next = self._next or asyncio.create_task(self._ask())
        return await answer_in_time(asyncio.shield(self._next))

    async def _ask(self) -> dict[UUID, Answer]:
        async with self._turn:
            await asyncio.sleep(self._next_at - time.monotonic())
            self._next_at = time.monotonic() + ASK_EVERY_SECONDS
            # Who comes from here on waits for the next answer: this one may be too old for them.
            wanted, self._wanted, self._next = self._wanted, set(), None
            answer: dict[UUID, Answer] = await in_time(self._read)(wanted)
            return answer


class Snapshots(Inquiry[Snapshot]):
    """How the public ones of events stand."""

    def __init__(self) -> None:
        super().__init__(lambda event_ids: public_snapshots(event_ids))


def public_snapshots(event_ids: Iterable[UUID]) -> dict[UUID, Snapshot]:
    """How the public ones of these events stand."""
    events = Event.objects.public().filter(pk__in=event_ids)
    states = [EventStateChanged.of(event) for event in events]
    return {state.event_id: Snapshot(state.version, seats_text(state)) for state in states}
