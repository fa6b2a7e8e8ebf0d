"""The log's lines: gathered where they come in numbers, never lost, never out of order."""

import asyncio
import io
import logging
import time
from collections.abc import Iterator

import pytest

from evently.console import FLUSH_AFTER_SECONDS, Console


class Stream(io.StringIO):
    """Counts what is written in one go."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return super().write(text)


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def logger(stream: Stream) -> Iterator[logging.Logger]:
    logger, console = logging.getLogger("evently.tests.console"), Console()
    console.setStream(stream)
    logger.addHandler(console)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield logger
    logger.removeHandler(console)


def test_outside_of_an_event_loop_each_line_is_written_at_once(
    logger: logging.Logger, stream: Stream
) -> None:
    logger.info("one")
    logger.info("two")
    assert stream.writes == ["one\n", "two\n"]


async def test_what_an_event_loop_says_is_written_together_soon(
    logger: logging.Logger, stream: Stream
) -> None:
    for number in range(3):
        logger.info("line %d", number)
    assert stream.writes == []
    await asyncio.sleep(2 * FLUSH_AFTER_SECONDS)
    assert stream.writes == ["line 0\nline 1\nline 2\n"]


async def test_a_warning_is_written_at_once_with_what_was_said_before(
    logger: logging.Logger, stream: Stream
) -> None:
    logger.info("before")
    logger.warning("watch out")
    assert stream.writes == ["before\nwatch out\n"]


def test_the_next_loop_writes_what_the_last_one_left(
    logger: logging.Logger, stream: Stream
) -> None:
    async def say(word: str) -> None:
        logger.info(word)

    asyncio.run(say("the last word of a loop"))
    time.sleep(FLUSH_AFTER_SECONDS)  # nobody was there to flush it
    asyncio.run(say("the first one of the next"))
    assert stream.writes == ["the last word of a loop\nthe first one of the next\n"]


async def test_lines_are_flushed_at_the_end_of_the_program(
    logger: logging.Logger, stream: Stream
) -> None:
    logger.info("the last word")
    logger.handlers[0].flush()  # as `logging.shutdown` does
    assert stream.getvalue() == "the last word\n"
