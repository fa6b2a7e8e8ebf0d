"""The channel layer: that of channels-redis, in which whoever stops listening has stopped."""

import asyncio
from typing import Any

from channels_redis.core import RedisChannelLayer

ASK_AGAIN_SECONDS = 0.5


class RedisLayer(RedisChannelLayer):  # type: ignore[misc]
    """Carries messages between the server processes through Redis."""

    async def receive(self, channel: str) -> dict[str, Any]:
        """The next message on the channel; to cancel this is to end it, always.

        The Redis client sends with `asyncio.wait_for`, which before Python 3.12 loses a
        cancellation that comes in the instant when all is sent (python/cpython#86296). A websocket
        closed in that instant would go on for ever: it would be counted as a viewer, and hold up
        the end of its server.
        """
        listening = asyncio.ensure_future(super().receive(channel))
        try:
            return await asyncio.shield(listening)
        finally:
            while not listening.done():
                listening.cancel()
                await asyncio.wait([listening], timeout=ASK_AGAIN_SECONDS)
