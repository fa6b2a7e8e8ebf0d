"""The websocket of an event: its seats, price and status, and how many people look at it."""

import asyncio
import json
from contextlib import suppress
from typing import Any

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from events.errors import EventNotFound
from events.facts import EventStateChanged
from events.live import STATE_EVERY_SECONDS, announcer, group_of, seats_message
from events.queries import get_event

NO_SUCH_EVENT = 4404
TRY_AGAIN_LATER = 1013
# Redis, the visitor's line or the database is gone.
OUT = (RedisError, OSError, OperationalError, InterfaceError)


class SeatsConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Sends a snapshot on connect and then what changes, at most ten times a second.

    What is to be sent waits in one place for each type of message and is overwritten by newer
    news, so a slow reader gets less, and later, but never an endless backlog.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._version = 0
        self._outbox: dict[str, dict[str, Any]] = {}
        self._has_news = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._has_joined = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket; it is closed when Redis or the database is out, and the page polls."""
        self.event_id = scope["url_route"]["kwargs"]["event_id"]
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

    async def connect(self) -> None:
        """Join the group first and read then, so that no change falls between."""
        await self.channel_layer.group_add(group_of(self.event_id), self.channel_name)
        await self.accept()
        try:
            event = await database_sync_to_async(get_event)(event_id=self.event_id, user=None)
        except EventNotFound:
            await self.close(NO_SUCH_EVENT)
            return
        self._take_seats(seats_message(EventStateChanged.of(event)))
        self._sender = asyncio.create_task(self._send_news())
        announcer.join(self.event_id)
        self._has_joined = True

    async def seats_changed(self, news: dict[str, Any]) -> None:
        self._take_seats(news["message"])

    async def viewers_changed(self, news: dict[str, Any]) -> None:
        self._put(news["message"])

    async def disconnect(self, code: int) -> None:
        with suppress(*OUT):
            await self.channel_layer.group_discard(group_of(self.event_id), self.channel_name)

    def _take_seats(self, message: dict[str, Any]) -> None:
        if message["version"] > self._version:
            self._version = message["version"]
            self._put(message)

    def _put(self, message: dict[str, Any]) -> None:
        self._outbox[message["type"]] = message
        self._has_news.set()

    async def _send_news(self) -> None:
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            while self._outbox:
                oldest = next(iter(self._outbox))
                await self.send(json.dumps(self._outbox.pop(oldest)))
            await asyncio.sleep(STATE_EVERY_SECONDS)

    async def _tidy_up(self) -> None:
        if self._sender:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        if self._has_joined:
            announcer.leave(self.event_id)
