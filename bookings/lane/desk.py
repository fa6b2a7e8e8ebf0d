"""One batch in a lasting thread: are the tokens still good, then the booking service.

Threads that last keep their database connection. The common line has one of its own, so that
events whose row is waited for can never take the last one.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from django.db import Error, close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed

from bookings import services
from bookings.lane.queues import Ticket
from bookings.services import Outcome
from evently.accounts.tokens import list_valid_callers
from evently.deadlines import DATABASE_SECONDS, deadline

logger = logging.getLogger(__name__)
THREADS_THAT_WAIT = 7


class Desk:
    def __init__(self) -> None:
        self._opened: list[BaseDatabaseWrapper] = []
        self._line = ThreadPoolExecutor(1, "lane", self._begin)
        self._waiting = ThreadPoolExecutor(THREADS_THAT_WAIT, "lane-apart", self._begin)

    async def judge_many(self, tickets: Sequence[Ticket]) -> list[Outcome]:
        """Book for many events; `EventHeld` where a row is not free."""
        return await _in_thread(self._line, _book_many, tickets)

    async def judge_one(self, tickets: Sequence[Ticket]) -> list[Outcome]:
        """Book for the one event that all tickets are for, once its row is free."""
        return await _in_thread(self._waiting, _book_one, tickets)

    def close(self) -> None:
        """Finish what is under way, end the threads and hang up on the database."""
        self._line.shutdown()
        self._waiting.shutdown()
        for opened in self._opened:
            opened.inc_thread_sharing()
            opened.close()

    def _begin(self) -> None:
        """A thread's first act: its connection must be closed from outside, in the end."""
        self._opened.append(connections["default"])


async def _in_thread(
    pool: ThreadPoolExecutor,
    book: Callable[[Sequence[Ticket]], list[Outcome]],
    tickets: Sequence[Ticket],
) -> list[Outcome]:
    return await asyncio.get_running_loop().run_in_executor(pool, _judge, book, tickets)


def _judge(
    book: Callable[[Sequence[Ticket]], list[Outcome]], tickets: Sequence[Ticket]
) -> list[Outcome]:
    """What became of each ticket; whatever goes wrong is its answer, too."""
    try:
        with deadline(monotonic() + DATABASE_SECONDS):
            close_old_connections()
            valid = list_valid_callers([ticket.claims for ticket in tickets])
            known = [ticket for ticket, ok in zip(tickets, valid, strict=True) if ok]
            judged = iter(book(known) if known else ())
            return [next(judged) if ok else AuthenticationFailed() for ok in valid]
    except Exception as error:
        if not isinstance(error, Error):
            logger.exception("A batch of %d bookings failed", len(tickets))
        return [error] * len(tickets)


def _book_many(tickets: Sequence[Ticket]) -> list[Outcome]:
    wishes = [(ticket.event_id, ticket.request) for ticket in tickets]
    return services.book_mixed_batch(wishes=wishes, now=timezone.now())


def _book_one(tickets: Sequence[Ticket]) -> list[Outcome]:
    return services.book_batch(
        event_id=tickets[0].event_id,
        requests=[ticket.request for ticket in tickets],
        now=timezone.now(),
    )
