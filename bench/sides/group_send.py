"""The crowd as Channels has it: a consumer each, in a group of the Redis channel layer.

`python -m bench.sides.group_send --host H --port P --workers 1`, with the variable REDIS_URL.
"""

import os
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from channels_redis.core import RedisChannelLayer
from django.conf import settings

from bench.sides.serving import serve_from_command_line

GROUP = "crowd"
# It waits for a message for five seconds at a time, and thousands join at once.
CONFIG = {
    "hosts": [{"address": os.environ["REDIS_URL"], "socket_timeout": 60, "max_connections": 10_000}]
}

if not settings.configured:
    layer = {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": CONFIG}
    settings.configure(CHANNEL_LAYERS={"default": layer})


class CrowdConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def told(self, message: dict[str, Any]) -> None:
        await self.send(message["text"])


async def tell(text: str) -> None:
    """Send this to everybody, from any process."""
    channel_layer = RedisChannelLayer(**CONFIG)
    await channel_layer.group_send(GROUP, {"type": "told", "text": text})
    await channel_layer.close_pools()


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await CrowdConsumer.as_asgi()(scope, receive, send)
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    serve_from_command_line("bench.sides.group_send:application")
