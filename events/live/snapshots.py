"""How events stand now, in one question to the database for all who ask at the same time."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from channels.db import database_sync_to_async

from events.facts import EventStateChanged
from events.live.messages import seats_text
from events.models import Event

# Thousands come at once when a sale begins: so many questions a second, whoever and whatever asks.
ASK_EVERY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How an event stood: its version, and the text that websockets get."""

    version: int
    text: str


class Snapshots:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._wanted: set[UUID] = set()
        self._next: asyncio.Task[dict[UUID, Snapshot]] | None = None
        self._turn = asyncio.Lock()
        self._next_at = 0.0

    async def ask(self, event_ids: Iterable[UUID]) -> dict[UUID, Snapshot]:
        """The public ones of these events, and maybe others, as they stood after this was called.

        Raises:
            OperationalError, InterfaceError: the database is out.
        """
        self._wanted.update(event_ids)
        self._next = self._next or asyncio.create_task(self._ask())
        return await asyncio.shield(self._next)

    async def _ask(self) -> dict[UUID, Snapshot]:
        async with self._turn:
            await asyncio.sleep(self._next_at - time.monotonic())
            self._next_at = time.monotonic() + ASK_EVERY_SECONDS
            # Who comes from here on waits for the next answer: this one may be too old for them.
            wanted, self._wanted, self._next = self._wanted, set(), None
            answer: dict[UUID, Snapshot] = await database_sync_to_async(public_snapshots)(wanted)
            return answer


def public_snapshots(event_ids: Iterable[UUID]) -> dict[UUID, Snapshot]:
    """How the public ones of these events stand."""
    events = Event.objects.public().filter(pk__in=event_ids)
    states = [EventStateChanged.of(event) for event in events]
    return {state.event_id: Snapshot(state.version, seats_text(state)) for state in states}
