import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from evently.gateway import edge
from evently.gateway.edge import questions
from tests.caches.site import Clock, Site, until


@pytest.fixture
async def site(transactional_db: None) -> AsyncIterator[Site]:
    """Django behind an edge cache that hears purges, with a database that its thread sees, too."""
    site = Site()
    await site.ask(f"/events/{UUID(int=0)}/")
    await until(site.application._hears_purges)
    await asyncio.sleep(0)
    site.asked.clear()
    yield site
    await site.close()


@pytest.fixture
def everything_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of the site's own views a function answers, whatever the path."""
    monkeypatch.setattr(questions, "public_parameters", lambda path: {"b": None})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """That of the edge cache, for a test to move."""
    clock = Clock()
    monkeypatch.setattr(edge, "time", clock)
    return clock
