"""Both doors of the API, each as a whole application of a test's own."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections

from bookings.lane.door import ExpressLane
from evently.accounts.models import User
from evently.accounts.tokens import issue_tokens
from evently.gateway.threads import Threads
from evently.gateway.wsgi import DjangoInThreads

in_thread = sync_to_async


@pytest.fixture
async def plain_door() -> AsyncIterator[Any]:
    """Django's door, with one thread."""
    django = DjangoInThreads(WSGIHandler(), Threads(1))
    yield django
    await asyncio.wrap_future(django.threads.executor.submit(connections.close_all))
    django.threads.executor.shutdown()


@pytest.fixture
async def lane(plain_door: Any) -> AsyncIterator[ExpressLane]:
    """The express lane in front of Django's door."""
    door = ExpressLane(plain_door)
    yield door
    assert door.queues.is_idle
    await in_thread(door.desk.close)()


@pytest.fixture(params=["lane", "plain_door"])
def door(request: pytest.FixtureRequest, lane: ExpressLane, plain_door: Any) -> Any:
    """Each of the doors in turn."""
    return lane if request.param == "lane" else plain_door


def token_of(user: User) -> str:
    return issue_tokens(user).access
