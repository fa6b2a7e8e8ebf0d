"""What is done when a server process begins and ends (the lifespan protocol of ASGI)."""

import asyncio
from collections.abc import Callable

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope


class Lifespan:
    """Runs `at_end` in a thread once the last request is answered."""

    def __init__(self, *, at_end: Callable[[], None]) -> None:
        self._at_end = at_end

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self._at_end)
        await send({"type": "lifespan.shutdown.complete"})
