"""Websockets that only listen, thousands in one event loop: as little work for each as possible."""

import asyncio
import base64
import os
import resource
import time
from collections.abc import Awaitable, Callable
from typing import Self
from urllib.parse import urlsplit

# As many handshakes at once: servers take newcomers one after the other anyway.
AT_ONCE = 200
PATIENCE_SECONDS = 120.0
SHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TEXT, CLOSE, PING = 1, 8, 9
PONG_HEAD = 0x8A
SHORT, MEDIUM = 126, 127


class Listener(asyncio.Protocol):
    """One websocket: tells the crowd what it hears, and answers pings."""

    def __init__(self, crowd: "Listeners", opening: bytes) -> None:
        self._crowd = crowd
        self._opening = opening
        self._buffer = b""
        self.is_open = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.transport.write(self._opening)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.is_open.done():
            self._shake()
        while self._read_frame():
            pass

    def connection_lost(self, error: Exception | None) -> None:
        if not self.is_open.done():
            self.is_open.set_exception(ConnectionError("the server hung up"))
        self._crowd.lose(self)

    def _shake(self) -> None:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        self._buffer = rest
        if head.startswith(b"HTTP/1.1 101"):
            self.is_open.set_result(None)
        else:
            self.is_open.set_exception(ConnectionError(head.decode()))

    def _read_frame(self) -> bool:
        """Take one whole frame off the buffer; a server does not mask."""
        buffer = self._buffer
        if not self.is_open.done() or len(buffer) < 2:
            return False
        start, length = 2, buffer[1]
        if length == SHORT:
            start, length = 4, int.from_bytes(buffer[2:4], "big")
        elif length == MEDIUM:
            start, length = 10, int.from_bytes(buffer[2:10], "big")
        if len(buffer) < start + length:
            return False
        self._buffer = buffer[start + length :]
        self._take(buffer[0] & 15, buffer[start : start + length])
        return True

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == TEXT:
            self._crowd.hear(payload)
        elif kind == PING:
            # Masked with zeros, which leave it as it is.
            self.transport.write(bytes([PONG_HEAD, 128 | len(payload)]) + b"\0\0\0\0" + payload)
        elif kind == CLOSE:
            self.transport.close()


class Listeners:
    """A crowd of websockets on one address of a server; use as an asynchronous context manager."""

    def __init__(self, url: str, path: str, number: int) -> None:
        self.number = number
        self.heard = 0
        self.lost = 0
        self._host = urlsplit(url).netloc
        self._path = path
        self._sockets: set[Listener] = set()
        self._last_heard_at = 0.0
        self._marker = b"\0"
        self._missing = 0
        self._all_heard = asyncio.Event()
        raise_file_limit()

    async def __aenter__(self) -> Self:
        gate = asyncio.Semaphore(AT_ONCE)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(self._connect(gate) for _ in range(self.number)))
        return self

    async def __aexit__(self, *_error: object) -> None:
        for socket in list(self._sockets):
            socket.transport.abort()
        while self._sockets:  # noqa: ASYNC110  each transport ends within a turn of the loop
            await asyncio.sleep(0)

    async def seconds_until_all_hear(
        self, marker: str, tell: Callable[[], Awaitable[None]]
    ) -> float:
        """From calling `tell` until the last socket has a message with these characters in it."""
        self._marker, self._missing = marker.encode(), self.number
        self._all_heard.clear()
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE_SECONDS):
            telling = asyncio.ensure_future(tell())
            await self._all_heard.wait()
            seconds = time.monotonic() - began
            await telling
        return seconds

    async def quiet(self, seconds: float) -> None:
        """Wait until nobody has heard anything for so long."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (rest := self._last_heard_at + seconds - time.monotonic()) > 0:  # noqa: ASYNC110
                await asyncio.sleep(rest)

    def hear(self, payload: bytes) -> None:
        self.heard += 1
        self._last_heard_at = time.monotonic()
        if self._marker in payload:
            self._missing -= 1
            if not self._missing:
                self._all_heard.set()

    def lose(self, socket: Listener) -> None:
        self.lost += 1
        self._sockets.discard(socket)

    async def _connect(self, gate: asyncio.Semaphore) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        opening = SHAKE.format(path=self._path, host=self._host, key=key).encode()
        host, port = self._host.split(":")
        async with gate:
            _, socket = await asyncio.get_running_loop().create_connection(
                lambda: Listener(self, opening), host, int(port)
            )
            self._sockets.add(socket)
            await socket.is_open


def raise_file_limit() -> None:
    """As many open sockets as this machine allows, here and in programs started from here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
