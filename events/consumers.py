"""The websockets of events: their seats, price and status, and how many people look at one."""

from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import InterfaceError, OperationalError

from evently.site.sockets import refuse
from events.live import announcer
from events.live.hall import ALIVE
from events.live.hub import Visitor, the_hub

MOST_EVENTS = 50
NO_SUCH_EVENT = 4404
TRY_AGAIN_LATER = 1013
# Redis, the visitor's line or the database is gone.
OUT = (OSError, OperationalError, InterfaceError)


class SeatsConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Sends how the events of `?ids=` stand, and then what changes, at most ten times a second.

    A slow reader gets less, and later, but never an endless backlog: see `events.live`. Events that
    are not public are left out.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket; it is closed when Redis or the database is out, and the page polls.

        The framework's own loop waits for messages of the channel layer, too, with two tasks for
        each socket; here news comes from the hub.
        """
        self.event_ids = self.asked_events(scope)
        if not self.event_ids:
            await refuse(scope, receive, send)
            return
        self.base_send = send
        self.visitor = Visitor(the_hub(), send)
        try:
            await receive()
            await self.connect()
            while (await receive())["type"] != "websocket.disconnect":
                pass  # what a visitor says is ignored
        except OUT:
            self.leave()
            with suppress(OSError):
                await self.close(TRY_AGAIN_LATER)
        finally:
            self.leave()

    def asked_events(self, scope: Any) -> list[UUID]:
        """The events that the address names; none when it makes no sense or asks for too much."""
        words = parse_qs(scope["query_string"].decode("latin1")).get("ids", [""])[-1]
        try:
            ids = list(dict.fromkeys(UUID(word) for word in words.split(",")))
        except ValueError:
            return []
        return ids if len(ids) <= MOST_EVENTS else []

    async def connect(self) -> None:
        """Join first and look then, so that no change falls between."""
        await self.visitor.join(self.event_ids)
        await self.accept()
        if not await self.visitor.see():
            await self.base_send(ALIVE)  # a page takes silence for a dead line

    def leave(self) -> None:
        """Want nothing more; to leave twice is the same as once."""
        self.visitor.leave()


class EventConsumer(SeatsConsumer):
    """The websocket of one event's page, which also hears how many people look at it."""

    _is_counted = False

    def asked_events(self, scope: Any) -> list[UUID]:
        return [scope["url_route"]["kwargs"]["event_id"]]

    async def connect(self) -> None:
        await self.visitor.join(self.event_ids, as_viewer=True)
        await self.accept()
        if await self.visitor.see():
            announcer.join(self.event_ids[0])
            self._is_counted = True
        else:
            self.leave()
            await self.close(NO_SUCH_EVENT)

    def leave(self) -> None:
        super().leave()
        if self._is_counted:
            announcer.leave(self.event_ids[0])
            self._is_counted = False
