"""A small ASGI application that tells what it was asked."""

import asyncio
import json
import os
import time
from typing import Any

LARGE = b"x" * 20_000_000


async def app(scope: Any, receive: Any, send: Any) -> None:
    await {"lifespan": _live, "websocket": _listen, "http": _answer}[scope["type"]](
        scope, receive, send
    )


async def _live(scope: Any, receive: Any, send: Any) -> None:
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})


async def _listen(scope: Any, receive: Any, send: Any) -> None:
    """Opens the websocket, and sends to `/large` more than any buffer holds."""
    await receive()
    await send({"type": "websocket.accept"})
    while scope["path"] == "/large":
        await send({"type": "websocket.send", "bytes": LARGE[:1_000_000]})
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _answer(scope: Any, receive: Any, send: Any) -> None:
    """`/slow` takes two seconds, `/late` one second after its head, `/hang` stops the whole loop,
    `/large` answers with `LARGE`.
    """
    body = await _read(receive)
    if scope["path"] == "/slow":
        await asyncio.sleep(2)
    if scope["path"] == "/hang":
        time.sleep(600)  # noqa: ASYNC251 - that is the point
    told = {
        "method": scope["method"],
        "path": scope["path"],
        "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]],
        "size": len(body),
        "pid": os.getpid(),
    }
    answer = LARGE if scope["path"] == "/large" else json.dumps(told).encode()
    length = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    if scope["path"] == "/late":
        await asyncio.sleep(1)
    await send({"type": "http.response.body", "body": answer})


async def _read(receive: Any) -> bytes:
    parts = []
    while (message := await receive()).get("more_body"):
        parts.append(message["body"])
    return b"".join([*parts, message.get("body", b"")])
