"""What waits for seats: batches in order of arrival, and apart what must wait for a row.

Normally all that has come in meanwhile is one batch, whatever its events. An event whose row is
held by somebody else (another process sells it, its organiser edits it) leaves the common line:
its requests go on in batches of their own, which wait for the row in a thread of their own, until
none is left. So a slow event slows no other, and is forgotten when idle.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from bookings.services import BookingRequest, EventHeld, Outcome
from evently.deadlines import is_out_of_time
from evently.errors import Busy

MOST_AT_ONCE = 256
# Whoever was answered comes back, and one large batch costs less than two small ones: the next one
# begins when as many have come as were answered, or when they have been waited for as long as the
# last one took, but no longer than this.
LONGEST_GATHERING_SECONDS = 0.05
# Seats are refused faster than they are booked: this many are answered within seconds.
MOST_WAITING_FOR_ONE = 10_000
MOST_WAITING = 20_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ticket:
    """A request in line. `claims` are those of its access token, which the desk looks at."""

    event_id: UUID
    request: BookingRequest
    claims: Mapping[str, Any]
    answer: asyncio.Future[Outcome] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


# Judges a batch. The one for many events answers `EventHeld` where it would have to wait.
Judge = Callable[[Sequence[Ticket]], Awaitable[list[Outcome]]]


class Queues:
    """All that waits in one process; belongs to its event loop."""

    def __init__(self, *, judge_many: Judge, judge_one: Judge) -> None:
        self._judge_many = judge_many
        self._judge_one = judge_one
        self._line: deque[Ticket] = deque()
        self._apart: dict[UUID, deque[Ticket]] = {}
        self._waiting: Counter[UUID] = Counter()
        self._number = 0
        self._workers: set[asyncio.Task[None]] = set()
        self._line_moves = False
        self._awaited = 0
        self._gathers_until = 0.0
        self._gathering: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        return not (self._line or self._apart or self._waiting or self._workers)

    async def answer(self, ticket: Ticket) -> Outcome:
        """Get in line and wait.

        Raises:
            Busy: more wait already than can be answered soon.
        """
        event_id = ticket.event_id
        if self._number >= MOST_WAITING or self._waiting[event_id] >= MOST_WAITING_FOR_ONE:
            raise Busy
        self._count(event_id, 1)
        try:
            self._line.append(ticket)
            self._awaited -= 1
            self._move_on()
            return await ticket.answer
        finally:
            self._count(event_id, -1)

    def _count(self, event_id: UUID, change: int) -> None:
        self._number += change
        self._waiting[event_id] += change
        if not self._waiting[event_id]:
            del self._waiting[event_id]

    def _move_on(self) -> None:
        """Begin the next batch of the line, unless one is under way or others are about to come."""
        if self._line_moves or not self._line:
            return
        loop = asyncio.get_running_loop()
        have_all_come = self._awaited <= 0 or len(self._line) >= MOST_AT_ONCE
        if have_all_come or loop.time() >= self._gathers_until:
            self._start_batch()
        elif not self._gathering:
            self._gathering = loop.call_at(self._gathers_until, self._start_batch)

    def _start_batch(self) -> None:
        if self._gathering:
            self._gathering.cancel()
            self._gathering = None
        if batch := self._next_batch():
            self._line_moves = True
            self._start(self._serve_line(batch))

    def _next_batch(self) -> list[Ticket]:
        batch: list[Ticket] = []
        while self._line and len(batch) < MOST_AT_ONCE:
            ticket = self._line.popleft()
            if ticket.event_id in self._apart:
                self._apart[ticket.event_id].append(ticket)
            else:
                batch.append(ticket)
        return batch

    async def _serve_line(self, batch: list[Ticket]) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        outcomes = await self._judge_many(batch)
        ended = clock()
        if is_out_of_time(outcomes[0]):
            # Who waits behind has waited as long: with a batch of its own each would wait twice.
            for waiting in self._line:
                _tell(waiting, outcomes[0])
            self._line.clear()
        self._gathers_until = ended + min(ended - began, LONGEST_GATHERING_SECONDS)
        self._awaited = len(batch)
        for ticket, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, EventHeld):
                self._set_apart(ticket)
            else:
                _tell(ticket, outcome)
        self._line_moves = False
        self._move_on()

    def _set_apart(self, ticket: Ticket) -> None:
        if ticket.event_id not in self._apart:
            self._apart[ticket.event_id] = deque()
            self._start(self._serve_one(ticket.event_id))
        self._apart[ticket.event_id].append(ticket)

    async def _serve_one(self, event_id: UUID) -> None:
        """Batches for one event, until nobody waits for it any more."""
        queue = self._apart[event_id]
        while queue:
            batch = [queue.popleft() for _ in range(min(len(queue), MOST_AT_ONCE))]
            outcomes = await self._judge_one(batch)
            if is_out_of_time(outcomes[0]):
                batch += queue
                queue.clear()
                outcomes = [outcomes[0]] * len(batch)
            for ticket, outcome in zip(batch, outcomes, strict=True):
                _tell(ticket, outcome)
            # Those who came in meanwhile still stand in the common line.
            self._move_on()
        del self._apart[event_id]

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        worker = asyncio.get_running_loop().create_task(work)
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)


def _tell(ticket: Ticket, outcome: Outcome) -> None:
    """Whoever gave up waiting is told nothing; a booking that was made stands."""
    if not ticket.answer.done():
        ticket.answer.set_result(outcome)
