"""The floor of the crowd: a bare ASGI function that sends what it is told to all its websockets.

`python -m bench.sides.broadcast --host H --port P --workers 1`; what is posted anywhere goes out.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from bench.sides.serving import serve_from_command_line

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

sockets: set[Send] = set()


async def application(scope: Event, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await _hold(receive, send)
    elif scope["type"] == "http":
        await _tell(receive, send)


async def _hold(receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})
    sockets.add(send)
    while (await receive())["type"] != "websocket.disconnect":
        pass
    sockets.discard(send)


async def _tell(receive: Receive, send: Send) -> None:
    message = {"type": "websocket.send", "text": (await receive()).get("body", b"").decode()}
    for send_to_one in list(sockets):
        await send_to_one(message)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    serve_from_command_line("bench.sides.broadcast:application")
