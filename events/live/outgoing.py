"""Hands messages to websockets, each at its reader's pace.

Of each kind only the newest message waits for a reader. Readers that keep up share carriers, each
of which serves a batch. A carrier that gets stuck with a slow reader stays with it; the next one
takes the rest.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

# A message of the server protocol, made once for all who get it.
Frame = dict[str, Any]
Send = Callable[[Frame], Awaitable[None]]

# Some milliseconds of work: then the event loop looks after its other connections.
BATCH = 100


class Socket:
    """One websocket, and the newest message of each kind that waits for it."""

    __slots__ = ("is_quiet", "is_waiting", "outbox", "send")

    def __init__(self, send: Send) -> None:
        self.send = send
        self.outbox: dict[Hashable, Frame] = {}
        self.is_waiting = False
        self.is_quiet = False


class Carriers:
    """Take frames to sockets; belong to one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[Socket] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._are_going = False

    def post(self, socket: Socket, kind: Hashable, frame: Frame) -> None:
        """Send this soon, in place of what waits of the same kind."""
        socket.outbox[kind] = frame
        if not socket.is_waiting:
            socket.is_waiting = True
            self._waiting.append(socket)
        if not self._are_going:
            self._are_going = True
            self._go()

    def _go(self) -> None:
        """Start a carrier; look after its first step whether there is need for another one."""
        if not self._waiting:
            self._are_going = False
            return
        carrier = asyncio.create_task(self._carry())
        self._tasks.add(carrier)
        carrier.add_done_callback(self._tasks.discard)
        asyncio.get_running_loop().call_soon(self._go)

    async def _carry(self) -> None:
        for _ in range(BATCH):
            if self._waiting:
                await _serve(self._waiting.popleft())


async def _serve(socket: Socket) -> None:
    try:
        while socket.outbox:
            frame = socket.outbox.pop(next(iter(socket.outbox)))
            await socket.send(frame)
    except OSError:
        socket.outbox.clear()  # its reader is gone: the one who receives hears of it, too
    finally:
        socket.is_waiting = False
        socket.is_quiet = False
