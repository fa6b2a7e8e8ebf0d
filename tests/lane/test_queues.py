"""Who waits for whom in the lane; the desk here is a stand-in that a test opens and closes."""

import asyncio
from collections.abc import Sequence
from itertools import chain
from uuid import UUID

import pytest

from bookings.errors import SoldOut
from bookings.lane import queues
from bookings.lane.queues import Queues, Ticket
from bookings.services import BookingRequest, EventHeld, Outcome
from evently.errors import Busy
from evently.ids import new_id
from tests.promises import PATIENCE_SECONDS

HOT, CALM = new_id(), new_id()
ANSWER = SoldOut()


class StandIn:
    """Notes the batches it gets; each waits until the test lets it go on."""

    def __init__(self) -> None:
        self.many: list[list[int]] = []
        self.one: list[list[int]] = []
        self.held: set[UUID] = set()
        self.line_is_open = asyncio.Event()
        self.row_is_free = asyncio.Event()

    async def judge_many(self, tickets: Sequence[Ticket]) -> list[Outcome]:
        self.many.append([ticket.request.quantity for ticket in tickets])
        await self.line_is_open.wait()
        return [EventHeld() if ticket.event_id in self.held else ANSWER for ticket in tickets]

    async def judge_one(self, tickets: Sequence[Ticket]) -> list[Outcome]:
        self.one.append([ticket.request.quantity for ticket in tickets])
        await self.row_is_free.wait()
        return [ANSWER] * len(tickets)


class Lane:
    def __init__(self) -> None:
        self.desk = StandIn()
        self.queues = Queues(judge_many=self.desk.judge_many, judge_one=self.desk.judge_one)
        self._number = 0

    def come(self, event_id: UUID = HOT) -> "asyncio.Task[Outcome]":
        """The next person gets in line; their number is the quantity that they ask for."""
        self._number += 1
        request = BookingRequest(user_id=new_id(), quantity=self._number)
        ticket = Ticket(event_id=event_id, request=request, claims={})
        return asyncio.create_task(self.queues.answer(ticket))

    def come_many(self, number: int, event_id: UUID = HOT) -> "list[asyncio.Task[Outcome]]":
        return [self.come(event_id) for _ in range(number)]


@pytest.fixture
async def lane() -> Lane:
    return Lane()


async def turns(number: int = 20) -> None:
    """Let the loop go round."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_what_comes_while_a_batch_is_under_way_is_the_next_batch(lane: Lane) -> None:
    first = lane.come()
    await turns()
    others = [*lane.come_many(2), *lane.come_many(2, CALM)]
    await turns()
    assert lane.desk.many == [[1]]
    lane.desk.line_is_open.set()
    assert await asyncio.gather(first, *others) == [ANSWER] * 5
    assert lane.desk.many == [[1], [2, 3, 4, 5]]


async def test_those_who_come_together_are_one_batch(lane: Lane) -> None:
    lane.desk.line_is_open.set()
    await asyncio.gather(*lane.come_many(40))
    assert [len(batch) for batch in lane.desk.many] == [1, 39]


async def answer_slowly(lane: Lane, number: int, *, seconds: float) -> None:
    """One batch of so many, which takes so long."""
    first = lane.come()
    await turns()
    crowd = lane.come_many(number)
    lane.desk.line_is_open.set()
    await first
    lane.desk.line_is_open.clear()
    await asyncio.sleep(seconds)
    lane.desk.line_is_open.set()
    await asyncio.gather(*crowd)


async def test_those_who_were_answered_are_waited_for(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "LONGEST_GATHERING_SECONDS", 60)
    await answer_slowly(lane, 4, seconds=1)
    some = lane.come_many(3)
    await turns()
    assert [len(batch) for batch in lane.desk.many] == [1, 4]
    await asyncio.gather(*some, lane.come())
    assert [len(batch) for batch in lane.desk.many] == [1, 4, 4]


async def test_those_who_do_not_come_back_are_not_waited_for_long(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "LONGEST_GATHERING_SECONDS", 0.01)
    await answer_slowly(lane, 4, seconds=1)
    async with asyncio.timeout(0.5):
        assert await lane.come() is ANSWER


async def test_nobody_is_waited_for_when_as_many_as_fit_are_there(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "LONGEST_GATHERING_SECONDS", 60)
    await answer_slowly(lane, 4, seconds=1)
    monkeypatch.setattr(queues, "MOST_AT_ONCE", 3)
    async with asyncio.timeout(0.5):
        await asyncio.gather(*lane.come_many(3))


async def test_a_batch_has_an_upper_size(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "MOST_AT_ONCE", 3)
    crowd = lane.come_many(8)
    lane.desk.line_is_open.set()
    await asyncio.gather(*crowd)
    assert lane.desk.many[-2:] == [[5, 6, 7], [8]]


async def test_an_event_whose_row_is_held_does_not_slow_the_others(lane: Lane) -> None:
    lane.desk.held = {HOT}
    lane.desk.line_is_open.set()
    stuck = lane.come(HOT)
    await turns()
    assert await lane.come(CALM) is ANSWER
    assert not stuck.done()
    lane.desk.row_is_free.set()
    assert await stuck is ANSWER


async def test_nobody_overtakes_in_the_queue_of_an_event(lane: Lane) -> None:
    """Also not when the row seems free again: whoever waits for it comes first."""
    lane.desk.held = {HOT}
    crowd = [lane.come()]
    await turns()
    crowd += lane.come_many(3)
    await turns()
    lane.desk.line_is_open.set()
    await turns()
    lane.desk.held = set()
    crowd += lane.come_many(2)
    await turns()
    assert not any(person.done() for person in crowd)
    lane.desk.row_is_free.set()
    await asyncio.gather(*crowd)
    assert list(chain(*lane.desk.one)) == [1, 2, 3, 4, 5, 6]


async def test_an_event_goes_back_to_the_common_line_and_is_forgotten_when_idle(
    lane: Lane,
) -> None:
    lane.desk.held = {HOT}
    lane.desk.line_is_open.set()
    lane.desk.row_is_free.set()
    await asyncio.gather(*lane.come_many(5))
    await turns()
    assert lane.queues.is_idle
    lane.desk.held = set()
    await lane.come()
    assert lane.desk.many[-1] == [6]


async def test_a_full_queue_says_busy_to_its_own_event_only(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "MOST_WAITING_FOR_ONE", 3)
    crowd = lane.come_many(3)
    await turns()
    with pytest.raises(Busy):
        await lane.come()
    calm = lane.come(CALM)
    lane.desk.line_is_open.set()
    await asyncio.gather(*crowd, calm)
    assert await lane.come() is ANSWER


async def test_all_queues_together_have_a_bound(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "MOST_WAITING", 2)
    crowd = [lane.come(HOT), lane.come(CALM)]
    await turns()
    with pytest.raises(Busy):
        await lane.come(new_id())
    lane.desk.line_is_open.set()
    await asyncio.gather(*crowd)


async def test_whoever_gives_up_waiting_leaves_no_trace(lane: Lane) -> None:
    patient, hasty = lane.come_many(2)
    await turns()
    hasty.cancel()
    lane.desk.line_is_open.set()
    assert await patient is ANSWER
    await asyncio.gather(hasty, return_exceptions=True)
    # The next batch waits as long as the one before took, which a slow machine makes long.
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not lane.queues.is_idle:
            await turns()
