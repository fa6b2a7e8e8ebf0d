"""Uvicorn's protocols, with bounds: on what a client sends, and on the time it takes.

Uvicorn itself collects a head of any size, waits for it for ever, and parses as many requests as
somebody sends in one go. Figures: `docs/decisions/0016-connections.md`.
"""

import asyncio
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from evently.server.answers import AnswerWriter
from evently.server.connections import CLOSED, UNREADABLE, Connections, Outlet
from evently.server.refusals import refusal

# The parser is given so much at a time, in bytes: it hands over whole headers only, and keeps what
# it has of the next one.
PIECE = 16_384
# Content that comes byte by byte has some 5 bytes of chunk sizes for each.
FRAMING_PER_BYTE = 16


# What the server expects next from the client. Plain numbers: they are compared for each request.
HEAD, BODY = 0, 1
NEXT = 2  # another request, once this one is answered
NOTHING = 3  # what still comes is thrown away

# The ASGI extension that tells an application that the whole body is there; its size in bytes. Not
# of one in chunks, whose headers do not tell the size.
WHOLE_BODY = "evently.whole_body"

# Headers that decide where a request ends, or whose it is.
DECISIVE = frozenset({b"host", b"transfer-encoding", b"expect"})


class Unreadable(Exception):
    """The request breaks a rule or a bound; its argument is the status to answer."""


class BoundedHttp(HttpToolsProtocol):
    """One connection of a client.

    Args:
        connections: all of this process.
    """

    def __init__(self, *args: Any, connections: Connections, **others: Any) -> None:
        super().__init__(*args, **others)
        self._all = connections
        self._limits = connections.limits
        self._outlet = Outlet(connections.limits)
        self._idle_seconds = self._limits.idle_seconds
        self._thrown_away = 0
        self.url = b""
        self._begin_head()

    # --- The connection ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        self._writer = AnswerWriter(self.transport, self.loop)
        if not self._all.admit(transport, self):
            self._reading = NOTHING
            self.transport.write(refusal(503))
            self.transport.close()
        elif self.client and not self._all.client_of(self.client[0]):
            self._idle_seconds = self._limits.trusted_idle_seconds

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.leave(self.transport)
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._outlet.note_progress()

    def check(self, now: float) -> None:
        if self._outlet.is_stuck(self.transport, now):
            self._drop("write")
            return
        deadline = self._missed_deadline(now - self._since)
        if deadline == "head" and self._head_bytes and not self._is_answering:
            CLOSED.labels(deadline).inc()
            self._refuse(408)
        elif deadline:
            self._drop(deadline)

    @property
    def _is_answering(self) -> bool:
        cycle = self.cycle
        return cycle is not None and not (cycle.response_complete or cycle.disconnected)

    def _missed_deadline(self, seconds: float) -> str:
        """Its name, after so many seconds of the present state; empty when there is time left."""
        limits = self._limits
        if self._reading == HEAD:
            # While earlier requests are answered, we do not read.
            is_late = seconds > limits.head_seconds and not self.flow.read_paused
            return "head" if is_late else ""
        if self._reading == BODY:
            return "body" if self._is_body_late(seconds) else ""
        if self._is_answering:
            return ""
        if self._reading == NEXT:
            return "idle" if seconds > self._idle_seconds else ""
        return "linger" if seconds > limits.linger_seconds else ""

    def _is_body_late(self, seconds: float) -> bool:
        limits = self._limits
        if seconds > limits.body_seconds:
            return True
        is_slow = self._body_bytes < limits.body_pace * seconds
        return is_slow and seconds > limits.body_pace_after and not self.flow.read_paused

    def _drop(self, deadline: str) -> None:
        CLOSED.labels(deadline).inc()
        self._reading = NOTHING
        self.transport.abort()

    # --- What the client sends --------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._reading == NEXT:
            self._begin_head()
        if len(data) <= PIECE:
            self._feed(data)
        else:
            view = memoryview(data)
            for start in range(0, len(data), PIECE):
                self._feed(view[start : start + PIECE])

    def _begin_head(self) -> None:
        self._reading = HEAD
        self._since = self.loop.time()
        self._unread = 0  # bytes since the parser handed over something
        self._head_bytes = 0  # and since the head began, with what came in the same piece
        self._hosts = 0
        self._is_chunked = False

    def _feed(self, data: bytes | memoryview) -> None:
        if self._reading == NOTHING:
            self._throw_away(len(data))
            return
        size = len(data)
        self._unread += size
        self._head_bytes += size
        if self._reading == BODY:
            self._framed_bytes += size
        try:
            self.parser.feed_data(data)
            if self._reading != NEXT:
                self._look_at_what_is_unfinished()
        except Unreadable as error:
            self._refuse(error.args[0])
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(bytes(data[upgrade.args[0] :]))
        except httptools.HttpParserError as error:
            reason = error.__context__
            self._refuse(reason.args[0] if isinstance(reason, Unreadable) else 400)

    def _look_at_what_is_unfinished(self) -> None:
        """Raises Unreadable for a line that goes on and on, and for more framing than content."""
        limits = self._limits
        if self._reading == HEAD:
            is_large = self._unread > limits.line or self._head_bytes > limits.head + PIECE
            if is_large or len(self.headers or ()) > limits.headers:
                raise Unreadable(431)
        elif self._reading == BODY:
            framing = self._framed_bytes - self._body_bytes
            if framing > limits.framing + FRAMING_PER_BYTE * self._body_bytes:
                raise Unreadable(400)

    def _throw_away(self, size: int) -> None:
        self._thrown_away += size
        if self._thrown_away > self._limits.linger_bytes:
            self._drop("linger")

    # --- What the parser says ---------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._reading != HEAD:
            self._begin_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._unread = 0
        self.url += url
        if len(self.url) > self._limits.line:
            raise Unreadable(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._unread = 0
        if self._reading == BODY:
            self._note_trailer(len(name) + len(value))
            return
        name = name.lower()
        if name in DECISIVE:
            self._look_at(name, value)
        self.headers.append((name, value))

    def _note_trailer(self, size: int) -> None:
        """It says nothing about the request (RFC 9110 §6.5.1), and counts as framing."""
        if size > self._limits.line:
            raise Unreadable(431)

    def _look_at(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self._hosts += 1
        elif name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"
        else:
            self._is_chunked = True
            if value.lower() != b"chunked":
                raise Unreadable(501)  # RFC 9112 §6.1

    def on_headers_complete(self) -> None:
        limits = self._limits
        if self._head_bytes > limits.line or len(self.headers) > limits.headers:
            self._check_sizes()
        if self._hosts != 1 or self._is_chunked:
            self._check_rare_forms()
        if len(self.pipeline) >= limits.pipeline:
            raise Unreadable(400)
        self._reading = BODY
        self._since = self.loop.time()
        self._body_bytes = self._framed_bytes = 0
        if self.parser.should_upgrade() and not self._should_upgrade():
            return
        super().on_headers_complete()

    def _check_sizes(self) -> None:
        """What came in one small piece needs no sum."""
        limits = self._limits
        sizes = [len(name) + len(value) for name, value in self.headers]
        is_large = max(sizes, default=0) > limits.line or len(self.url) + sum(sizes) > limits.head
        if is_large or len(sizes) > limits.headers:
            raise Unreadable(431)

    def _check_rare_forms(self) -> None:
        is_old = self.parser.get_http_version() == "1.0"
        if self._hosts > 1 or (self._hosts == 0 and not is_old):
            raise Unreadable(400)  # RFC 9112 §3.2
        if self._is_chunked and is_old:
            raise Unreadable(400)  # a faulty frame, by RFC 9112 §6.1

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self.cycle.response_complete:
            self._throw_away(len(body))
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self.cycle.more_body = False
        if not self._is_chunked:
            self.scope["extensions"] = {WHOLE_BODY: self._body_bytes}  # type: ignore[dict-item]
        self.cycle.message_event.set()
        self._reading = NEXT

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.transport = cast("asyncio.Transport", self._writer)
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Go on with the next request: one that is there already, or whatever comes."""
        self._writer.flush()
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            cycle, application = self.pipeline.pop()
            self._start_asgi_task(cycle, application)
            return
        self.flow.resume_reading()
        if self._reading != BODY:
            self._since = self.loop.time()

    # --- Refusals, and other protocols ------------------------------------------------------------

    def _refuse(self, status: int) -> None:
        """Read no more. Requests that came before are answered."""
        UNREADABLE.labels(status).inc()
        is_in_body = self._reading == BODY
        self._reading = NOTHING
        self._since = self.loop.time()
        if not self._is_answering:
            self._answer(status)
        elif not is_in_body:
            self.cycle.keep_alive = False
        elif self.cycle.response_started or self.pipeline:
            self.transport.abort()
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._answer(status)

    def _answer(self, status: int) -> None:
        """Say it and close our side; who closes at once while data comes in cuts the answer
        (RFC 9112 §9.6).
        """
        self.flow.resume_reading()
        self.transport.write(refusal(status, self.url))
        self.transport.write_eof()

    def _upgrade(self, rest: bytes) -> None:
        """Follow an upgrade to websockets; any other is ignored (RFC 9110 §7.8).

        Args:
            rest: what came after the head.
        """
        if self._is_answering:
            self._reading = HEAD
            self._refuse(400)
        elif self._should_upgrade():
            self._reading = NOTHING
            self.handle_websocket_upgrade()
        elif self.parser.get_method() == b"CONNECT":
            self._refuse(501)
        else:
            self._read_again_without_upgrade(rest)

    def _read_again_without_upgrade(self, rest: bytes) -> None:
        """The parser takes the body for the other protocol's: give it the head without Upgrade."""
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self._begin_head()
        self.data_received(b"\r\n".join([*lines, b"", rest]))


class BoundedWebsocket(WebSocketsSansIOProtocol):
    """A websocket: counted as the connection that it was, and closed when its client takes nothing.

    Args:
        connections: all of this process.
    """

    def __init__(self, *args: Any, connections: Connections, **others: Any) -> None:
        super().__init__(*args, **others)
        self._all = connections
        self._outlet = Outlet(connections.limits)
        self._since = self.loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._all.hand_over(transport, self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.leave(self.transport)
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._outlet.note_progress()

    def check(self, now: float) -> None:
        is_late = not self.handshake_complete and (
            now - self._since > self._all.limits.head_seconds
        )
        if is_late or self._outlet.is_stuck(self.transport, now):
            CLOSED.labels("handshake" if is_late else "write").inc()
            self.transport.abort()
