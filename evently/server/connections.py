"""How many connections one server process holds, for whom, and for how long."""

import asyncio
import os
import resource
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Protocol

import prometheus_client

from evently.addresses import network_of, parse_address

OPEN_FILES_OF_OURS = Path("/proc/self/fd")
FILES_EVERY_SECONDS = 10.0

OPEN = prometheus_client.Gauge(
    "evently_connections", "Open connections of clients", multiprocess_mode="livesum"
)
FILES = prometheus_client.Gauge(
    "evently_open_files", "Open files and sockets of the web server", multiprocess_mode="livesum"
)
FILES_LIMIT = prometheus_client.Gauge(
    "evently_open_files_limit", "How many files may be open", multiprocess_mode="livesum"
)
REFUSED = prometheus_client.Counter(
    "evently_connections_refused_total",
    "Connections over a bound: those of one address, or those of all",
    ["bound"],
)
CLOSED = prometheus_client.Counter(
    "evently_connections_closed_total", "Connections closed because a deadline passed", ["deadline"]
)
UNREADABLE = prometheus_client.Counter(
    "evently_requests_unreadable_total", "Requests that reached no application", ["status"]
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may take. Sizes are in bytes, times in seconds.

    Args:
        line: the longest line of a head: the address, or one header.
        head: the address and all headers together.
        headers: how many there may be.
        pipeline: requests sent before the first is answered (RFC 9112 §9.3.2).
        framing: bytes of a body's chunk sizes and extensions, beside 16 for each byte of content.
        head_seconds: for the whole head, from the connection or the first byte on; also for a
            websocket's handshake.
        body_seconds: for the whole body.
        body_pace: bytes a second of a body, on average, once it has taken `body_pace_after`.
        idle_seconds: between an answer and the next request.
        trusted_idle_seconds: the same for a trusted proxy. Longer than proxies keep an idle
            connection: one that closes while the other asks cuts a request.
        write_seconds: a client must take `write_bytes` of what waits for it, or all of it, in that
            time.
        linger_seconds: how long a client that was refused may go on sending, to have its answer.
        linger_bytes: and how much. Nothing of it is kept.
        per_address: connections of one IPv4 address or one IPv6 /64; None for any number.
        in_all: connections of the process; fewer when the system allows fewer open files.
        spare_files: open files that connections leave for the rest of the process.
        trusted: proxies; `per_address` does not hold for them.
        sweep_seconds: how often deadlines are looked at.
    """

    line: int = 16_384
    head: int = 65_536
    headers: int = 100
    pipeline: int = 32
    framing: int = 65_536
    head_seconds: float = 10.0
    body_seconds: float = 20.0
    body_pace: float = 1_000.0
    body_pace_after: float = 12.0
    idle_seconds: float = 30.0
    trusted_idle_seconds: float = 75.0
    write_seconds: float = 20.0
    write_bytes: int = 20_000
    linger_seconds: float = 2.0
    linger_bytes: int = 16_777_216
    per_address: int | None = 256
    in_all: int = 10_000
    spare_files: int = 256
    trusted: tuple[IPv4Network | IPv6Network, ...] = ()
    sweep_seconds: float = 1.0


class Watched(Protocol):
    """The protocol of a connection, as the sweep sees it."""

    def check(self, now: float) -> None:
        """Close the connection if a deadline passed; `now` in seconds of the loop's clock."""


class Connections:
    """All connections of this process. One sweep looks at their deadlines: a timer for each
    request would cost more than the deadlines of thousands that are in time.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.client_of = lru_cache(maxsize=4096)(self._look_up)
        self._open: dict[asyncio.BaseTransport, tuple[Watched, str]] = {}
        self._by_client: Counter[str] = Counter()
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = max(1, min(limits.in_all, files - limits.spare_files))
        self._sweep_at = self._count_files_at = 0.0
        FILES_LIMIT.set(files)

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, transport: asyncio.BaseTransport, owner: Watched) -> bool:
        """Count the connection, unless that would be over a bound."""
        client = self.client_of((transport.get_extra_info("peername") or ("",))[0])
        bound = self._bound_reached(client)
        if bound:
            REFUSED.labels(bound).inc()
            return False
        self._open[transport] = (owner, client)
        self._by_client[client] += 1
        return True

    def hand_over(self, transport: asyncio.BaseTransport, owner: Watched) -> None:
        """The connection speaks another protocol from now on."""
        _, client = self._open[transport]
        self._open[transport] = (owner, client)

    def leave(self, transport: asyncio.BaseTransport) -> None:
        """The connection is gone; one that was not admitted is none of ours."""
        if transport not in self._open:
            return
        _, client = self._open.pop(transport)
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]

    def sweep(self, now: float) -> None:
        """Close what is overdue, if it is time to look."""
        if now < self._sweep_at:
            return
        self._sweep_at = now + self.limits.sweep_seconds
        for owner, _ in list(self._open.values()):
            owner.check(now)
        OPEN.set(len(self._open))
        if now >= self._count_files_at and OPEN_FILES_OF_OURS.exists():
            self._count_files_at = now + FILES_EVERY_SECONDS
            FILES.set(len(os.listdir(OPEN_FILES_OF_OURS)))  # noqa: PTH208 - names alone, thousands

    def _bound_reached(self, client: str) -> str:
        """The bound that one more connection would break; empty when there is none."""
        if len(self._open) >= self._most:
            return "all"
        most = self.limits.per_address
        if client and most is not None and self._by_client[client] >= most:
            return "address"
        return ""

    def _look_up(self, text: str) -> str:
        """Whose connections count together; empty for a trusted proxy, or when nobody knows."""
        address = parse_address(text)
        if address is None or any(address in network for network in self.limits.trusted):
            return ""
        return network_of(text)


class Outlet:
    """Sees whether a client takes what is written for it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._unsent = 0
        self._since = 0.0

    def is_stuck(self, transport: asyncio.Transport, now: float) -> bool:
        unsent = transport.get_write_buffer_size()
        if not unsent:
            self._unsent = 0
        elif not self._unsent:
            self._unsent, self._since = unsent, now
        elif now - self._since >= self._limits.write_seconds:
            taken = self._unsent - unsent
            self._unsent, self._since = unsent, now
            return taken < self._limits.write_bytes
        return False

    def note_progress(self) -> None:
        """The client took most of what waited."""
        self._unsent = 0
