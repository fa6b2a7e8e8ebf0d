"""What every test of live news gets: a thread of its own."""

from collections.abc import Iterator

import pytest

from events import live
from events.live import newsroom


@pytest.fixture(autouse=True)
def _fresh_announcer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has its own background thread."""
    monkeypatch.setattr(newsroom, "VIEWERS_EVERY_SECONDS", 0.05)
    yield
    live.announcer.close()
