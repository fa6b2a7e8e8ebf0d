"""Readers of different speed at one server."""

import asyncio
import gc

import pytest

from events.live.outgoing import BATCH, Carriers, Frame, Socket
from tests.events.live.sockets import until


class Reader(Socket):
    """Notes what it was sent; reads nothing while it is stuck."""

    def __init__(self, *, is_stuck: bool = False) -> None:
        super().__init__(self._take)
        self.taken: list[int] = []
        self.tasks = 0
        self._reads = asyncio.Event()
        if not is_stuck:
            self._reads.set()

    def read_on(self) -> None:
        self._reads.set()

    async def _take(self, frame: Frame) -> None:
        await self._reads.wait()
        self.tasks = len(asyncio.all_tasks())
        self.taken.append(frame["number"])


def post(carriers: Carriers, readers: list[Reader], number: int) -> None:
    for reader in readers:
        carriers.post(reader, "news", {"number": number})


async def test_a_slow_reader_gets_only_the_newest_and_delays_nobody() -> None:
    carriers, slow, fast = Carriers(), Reader(is_stuck=True), Reader()
    post(carriers, [slow], 1)
    await asyncio.sleep(0)
    for number in range(2, 5_000):
        post(carriers, [slow, fast], number)
        if number % 1_000 == 0:
            await until(lambda last=number: fast.taken[-1:] == [last])  # type: ignore[misc]
            assert len(slow.outbox) == 1
    await until(lambda: fast.taken[-1] == 4_999)
    assert fast.taken == [1_000, 2_000, 3_000, 4_000, 4_999]
    slow.read_on()
    await until(lambda: len(slow.taken) == 2)
    assert slow.taken == [1, 4_999]


async def test_many_slow_readers_delay_nobody() -> None:
    carriers = Carriers()
    slow, fast = [Reader(is_stuck=True) for _ in range(300)], [Reader() for _ in range(300)]
    mixed = [reader for pair in zip(slow, fast, strict=True) for reader in pair]
    post(carriers, mixed, 1)
    await until(lambda: all(reader.taken == [1] for reader in fast))
    for reader in slow:
        reader.read_on()
    await until(lambda: all(reader.taken == [1] for reader in slow))
    post(carriers, mixed, 2)
    await until(lambda: all(reader.taken == [1, 2] for reader in mixed))


async def test_readers_that_keep_up_need_no_task_of_their_own() -> None:
    carriers, readers = Carriers(), [Reader() for _ in range(5 * BATCH)]
    before = len(asyncio.all_tasks())
    post(carriers, readers, 1)
    await until(lambda: all(reader.taken == [1] for reader in readers))
    assert max(reader.tasks for reader in readers) <= before + 1


async def test_the_loop_takes_a_breath_between_batches() -> None:
    carriers, readers = Carriers(), [Reader() for _ in range(3 * BATCH)]
    post(carriers, readers, 1)
    served = []
    while not readers[-1].taken:
        await asyncio.sleep(0)
        served.append(sum(len(reader.taken) for reader in readers))
    assert BATCH in served
    assert 2 * BATCH in served


async def test_a_reader_that_is_gone_does_not_hurt_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def hang_up(_: Frame) -> None:
        raise ConnectionError

    carriers, gone, reader = Carriers(), Socket(hang_up), Reader()
    for number in (1, 2):
        carriers.post(gone, "news", {"number": number})
        post(carriers, [reader], number)
        await until(lambda last=number: reader.taken[-1:] == [last])  # type: ignore[misc]
    gc.collect()
    assert caplog.text == ""
