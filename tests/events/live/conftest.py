"""What every test of live news gets: a thread of its own, and no connection left behind."""

from collections.abc import AsyncIterator, Iterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from events import live
from events.live import newsroom


@pytest.fixture(autouse=True)
def _fresh_announcer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has its own background thread, and leaves no database connection behind."""
    monkeypatch.setattr(newsroom, "VIEWERS_EVERY_SECONDS", 0.05)
    yield
    live.announcer.close()


@pytest.fixture(autouse=True)
async def _no_connection_is_left() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()
