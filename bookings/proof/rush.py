"""What one process of the crowd does."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

from django.db import connection

from bookings.proof.doors import Door, Failure, HttpDoor, ServiceDoor
from bookings.proof.plan import BOOKED, CANCELLED, Buyer, Share, Sight

# Buyers who ask over HTTP at the same time, in one process: each has a thread and a connection.
HTTP_LINES = 50
PAUSE_AFTER_AN_OUTAGE_SECONDS = 0.05
# After these a person has no booking; after others nobody knows.
CLEAR = {CANCELLED, "already-cancelled", "sold-out", "event-closed", "not-found"}


def rush(share: Share, *, start: Callable[[], object]) -> Sight:
    """Let the buyers of this process in, once `start` returns; returns what they saw."""
    connection.close()
    connection.settings_dict["NAME"] = share.database
    lines = _lines(share)
    doors: list[Door] = [HttpDoor(share.url) if share.url else ServiceDoor() for _ in lines]
    start()
    begun = time.perf_counter()
    seen = Sight()
    for sight in _run(share, lines, doors):
        seen.add(sight)
    seen.seconds = time.perf_counter() - begun
    return seen


def _lines(share: Share) -> list[list[Buyer]]:
    """The buyers, dealt out to those who stand in line one behind the other."""
    number = min(HTTP_LINES, len(share.buyers)) if share.url else 1
    return [share.buyers[place::number] for place in range(number)]


def _run(share: Share, lines: list[list[Buyer]], doors: list[Door]) -> list[Sight]:
    if len(lines) == 1:
        return [_stand_in_line(share, lines[0], doors[0])]
    with ThreadPoolExecutor(len(lines)) as threads:
        return list(threads.map(partial(_stand_in_line, share), lines, doors))


def _stand_in_line(share: Share, buyers: list[Buyer], door: Door) -> Sight:
    line = _Line(share, door)
    if share.seconds is None:
        for buyer in buyers:
            line.turn_of(buyer)
    else:
        end = time.perf_counter() + share.seconds
        while time.perf_counter() < end:
            line.turn_of(random.choice(buyers))  # noqa: S311 - no secret
    door.close()
    return line.sight


class _Line:
    """Buyers who come one after the other and remember what they were told."""

    def __init__(self, share: Share, door: Door) -> None:
        self.sight = Sight()
        self._share = share
        self._door = door
        self._references: dict[UUID, str] = {}

    def turn_of(self, buyer: Buyer) -> None:
        """Book, or cancel when there is a booking."""
        begun = time.perf_counter()
        try:
            self.sight.answers[self._ask(buyer)] += 1
        except Failure as failure:
            self.sight.failures[str(failure)] += 1
            if self._share.outages:
                time.sleep(PAUSE_AFTER_AN_OUTAGE_SECONDS)
        self.sight.latencies.append(time.perf_counter() - begun)

    def _ask(self, buyer: Buyer) -> str:
        """Ask once; what the person was told before counts no more."""
        who, told = buyer.user_id, self.sight.told
        told.pop(who, None)
        if reference := self._references.get(who, ""):
            answer = self._door.cancel(buyer, reference)
        else:
            answer, reference = self._door.book(buyer, self._share.event_id)
        if answer == BOOKED:
            self._references[who] = told[who] = reference
        elif answer in CLEAR:
            self._references[who] = told[who] = ""
        return answer
