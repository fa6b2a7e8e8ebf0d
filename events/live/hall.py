"""What the halls of websockets have in common: nobody is left in silence, and nobody is fooled.

A hall serves the websockets of one sort that came through one event loop. While Redis is out its
visitors hear nothing: after a moment they are sent away, and ask by themselves.
"""

import asyncio
from typing import Protocol

from django.db import InterfaceError, OperationalError

from evently.wire import the_wire
from events.live.outgoing import Carriers, Frame, Socket

# A page cannot tell silence from a dead line: without news it hears this often that all is well.
ALIVE_EVERY_SECONDS = 20.0
# While Redis is out pages are kept for about so long; then they are sent away, and ask themselves.
REDIS_PATIENCE_SECONDS = 3.0

DATABASE_IS_OUT = (OperationalError, InterfaceError)


def text_frame(text: str) -> Frame:
    return {"type": "websocket.send", "text": text}


ALIVE = text_frame('{"type":"alive"}')
TRY_AGAIN_LATER: Frame = {"type": "websocket.close", "code": 1013}


class Guest(Protocol):
    """Somebody in a hall, by one websocket."""

    socket: Socket

    def leave(self) -> None:
        """Hear nothing more; to leave twice is the same as once."""


class Hall:
    """Lives until its event loop cancels what runs, as `asyncio.run` does.

    Args:
        life: the task that keeps it; whoever keeps the hall forgets it when that is done.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.carriers = Carriers()
        self.visitors: set[Guest] = set()
        self._redis_returned = asyncio.Event()
        the_wire().on_return(self._redis_returned.set)
        self.life = loop.create_task(self._live(), name=type(self).__name__)

    async def catch_up(self) -> None:
        """Ask for what the visitors have missed while Redis was out.

        Raises:
            OperationalError, InterfaceError: the database is out.
        """
        raise NotImplementedError

    def send_away(self) -> None:
        """Let everybody go, to come again when things are better."""
        for visitor in list(self.visitors):
            visitor.leave()
            visitor.socket.outbox.clear()
            self.carriers.post(visitor.socket, "close", TRY_AGAIN_LATER)

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_alive())
            tasks.create_task(self._mind_return())
            tasks.create_task(self._mind_redis())

    async def _keep_alive(self) -> None:
        while True:
            # Whoever was told nothing for half the time: nobody is silent for longer than it.
            await asyncio.sleep(ALIVE_EVERY_SECONDS / 2)
            for visitor in self.visitors:
                if visitor.socket.is_quiet:
                    self.carriers.post(visitor.socket, "alive", ALIVE)
                visitor.socket.is_quiet = True

    async def _mind_return(self) -> None:
        """When Redis is back, catch up once."""
        while True:
            await self._redis_returned.wait()
            self._redis_returned.clear()
            try:
                await self.catch_up()
            except DATABASE_IS_OUT:
                self.send_away()

    async def _mind_redis(self) -> None:
        """Send everybody away when Redis was out at two looks in a row."""
        was_up = True
        while True:
            await asyncio.sleep(REDIS_PATIENCE_SECONDS)
            is_up = the_wire().is_up
            if not (was_up or is_up):
                self.send_away()
            was_up = is_up
