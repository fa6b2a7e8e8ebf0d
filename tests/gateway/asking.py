"""Asking an ASGI application without a server: one request, and all that came back."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CLIENT = "192.0.2.1"


@dataclass
class Reply:
    """What an application sent for one request."""

    messages: list[Any] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        headers = self.messages[0]["headers"]
        return {name.decode(): value.decode() for name, value in headers}

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.messages[1:]).decode()

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json", self.text
        body: dict[str, Any] = json.loads(self.text)
        return body


async def ask(
    app: Any,
    path: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    client: str = CLIENT,
    body: object = None,
) -> Reply:
    payload = _payload(body)
    own = {"host": "localhost", "content-length": str(len(payload))}
    scope = _scope("http", path, {**own, **(headers or {})}, client) | {"method": method}
    return await _run(app, scope, {"type": "http.request", "body": payload, "more_body": False})


def _payload(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body).encode()


async def shake_hands(
    app: Any, path: str = "/ws/events/", *, headers: Mapping[str, str] | None = None, **scope: Any
) -> Reply:
    """Open a websocket; the reply is what came until the application ended."""
    whole = _scope("websocket", path, headers or {}, CLIENT) | scope
    return await _run(app, whole, {"type": "websocket.connect"})


async def ok(scope: Any, receive: Any, send: Any) -> None:
    """An application that is content with everything; it says whose request it was."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-inner", b"yes")]})
    await send({"type": "http.response.body", "body": scope["client"][0].encode()})


async def _run(app: Any, scope: Any, said: Any) -> Reply:
    reply = Reply()

    async def receive() -> Any:
        return said

    async def send(message: Any) -> None:
        reply.messages.append(message)

    # As servers do: each request in a task, with context variables of its own.
    await asyncio.create_task(app(scope, receive, send))
    return reply


def _scope(kind: str, path: str, headers: Mapping[str, str], client: str) -> dict[str, Any]:
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": (client, 40_000),
        "server": ("127.0.0.1", 80),
    }
