"""The websockets of events: their seats, price and status, and how many people look at one."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from evently.site.sockets import refuse
from events.facts import EventStateChanged
from events.live import STATE_EVERY_SECONDS, announcer, group_of, seats_message, viewers_group_of
from events.models import Event

MOST_EVENTS = 50
# A page cannot tell silence from a dead line: without news it hears this often that all is well.
ALIVE_EVERY_SECONDS = 20.0
NO_SUCH_EVENT = 4404
TRY_AGAIN_LATER = 1013
# Redis, the visitor's line or the database is gone.
OUT = (RedisError, OSError, OperationalError, InterfaceError)


class SeatsConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Sends how the events of `?ids=` stand, and then what changes, at most ten times a second.

    What is to be sent waits in one place for each type of message and event and is overwritten by
    newer news, so a slow reader gets less, and later, but never an endless backlog. Events that
    are not public are left out.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._versions: dict[str, int] = {}
        self._outbox: dict[tuple[str, str], dict[str, Any]] = {}
        self._has_news = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket; it is closed when Redis or the database is out, and the page polls."""
        self.event_ids = self.asked_events(scope)
        if not self.event_ids:
            await refuse(scope, receive, send)
            return
        try:
            await super().__call__(scope, receive, send)
        except OUT:
            with suppress(OSError):
                await self.close(TRY_AGAIN_LATER)
        finally:
            await self._tidy_up()

    async def dispatch(self, message: dict[str, Any]) -> None:
        # The framework's own looks after database connections in a thread, for every message.
        # After the snapshot nothing here touches the database.
        await getattr(self, get_handler_name(message))(message)

    def asked_events(self, scope: Any) -> list[UUID]:
        """The events that the address names; none when it makes no sense or asks for too much."""
        words = parse_qs(scope["query_string"].decode("latin1")).get("ids", [""])[-1]
        try:
            ids = list(dict.fromkeys(UUID(word) for word in words.split(",")))
        except ValueError:
            return []
        return ids if len(ids) <= MOST_EVENTS else []

    def rooms(self) -> list[str]:
        """The groups of the channel layer in which this socket hears its news."""
        return [group_of(event_id) for event_id in self.event_ids]

    async def connect(self) -> None:
        """Join the groups first and read then, so that no change falls between."""
        for room in self.rooms():
            await self.channel_layer.group_add(room, self.channel_name)
        await self.accept()
        for state in await database_sync_to_async(_public_states)(self.event_ids):
            self._versions[str(state.event_id)] = 0
            self._take_seats(seats_message(state))
        self._sender = asyncio.create_task(self._send_news())

    async def seats_changed(self, news: dict[str, Any]) -> None:
        if news["message"]["event_id"] in self._versions:
            self._take_seats(news["message"])

    async def disconnect(self, code: int) -> None:
        with suppress(*OUT):
            for room in self.rooms():
                await self.channel_layer.group_discard(room, self.channel_name)

    def _take_seats(self, message: dict[str, Any]) -> None:
        if message["version"] > self._versions[message["event_id"]]:
            self._versions[message["event_id"]] = message["version"]
            self._put(message)

    def _put(self, message: dict[str, Any]) -> None:
        self._outbox[message["type"], message.get("event_id", "")] = message
        self._has_news.set()

    async def _send_news(self) -> None:
        while True:
            await self._wait_for_news()
            while self._outbox:
                oldest = next(iter(self._outbox))
                await self.send(json.dumps(self._outbox.pop(oldest)))
            await asyncio.sleep(STATE_EVERY_SECONDS)

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(ALIVE_EVERY_SECONDS):
                await self._has_news.wait()
        except TimeoutError:
            self._put({"type": "alive"})
        self._has_news.clear()

    async def _tidy_up(self) -> None:
        if self._sender:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)


class EventConsumer(SeatsConsumer):
    """The websocket of one event's page, which also hears how many people look at it."""

    _has_joined = False

    def asked_events(self, scope: Any) -> list[UUID]:
        return [scope["url_route"]["kwargs"]["event_id"]]

    def rooms(self) -> list[str]:
        return [*super().rooms(), viewers_group_of(self.event_ids[0])]

    async def connect(self) -> None:
        await super().connect()
        if not self._versions:
            await self.close(NO_SUCH_EVENT)
            return
        announcer.join(self.event_ids[0])
        self._has_joined = True

    async def viewers_changed(self, news: dict[str, Any]) -> None:
        self._put(news["message"])

    async def _tidy_up(self) -> None:
        await super()._tidy_up()
        if self._has_joined:
            announcer.leave(self.event_ids[0])


def _public_states(event_ids: Sequence[UUID]) -> list[EventStateChanged]:
    events = Event.objects.public().filter(pk__in=event_ids)
    return [EventStateChanged.of(event) for event in events]
