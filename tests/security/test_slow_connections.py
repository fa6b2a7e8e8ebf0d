"""Clients that are silent, slow, or take nothing: every connection has a deadline."""

import socket
import threading
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_network

from evently.server.connections import Limits
from tests.live_server import LiveEvently, eventually
from tests.security.attack import Bystanders, raw_sockets
from tests.server.bare import GET, SHORT, bare_server, read_to_end, status_of

HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: a\r\nX-Half: "
HALF_A_BODY = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"
HANDSHAKE = (
    b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
LONG = replace(
    SHORT,
    head_seconds=60,
    body_seconds=60,
    body_pace_after=60,
    idle_seconds=60,
    trusted_idle_seconds=60,
    write_seconds=60,
    linger_seconds=60,
)


def test_the_deadlines_are_those_of_the_documentation() -> None:
    limits = Limits()
    assert (limits.head_seconds, limits.body_seconds, limits.idle_seconds) == (10, 20, 30)
    assert (limits.line, limits.head, limits.headers) == (16_384, 65_536, 100)


def test_fifteen_hundred_silent_connections_and_half_requests_are_closed(
    evently: LiveEvently, bystanders: Bystanders
) -> None:
    """From seven addresses; by the server's own deadlines, while others are served."""
    attacks = [b"", HALF_A_HEAD, b"\r\n", b"GET", b"", HALF_A_HEAD, b"\r\n"]
    with bystanders, ExitStack() as stack:
        opened = [
            stack.enter_context(
                raw_sockets(evently.port, 215, sent, source=f"127.0.0.{10 + number}")
            )
            for number, sent in enumerate(attacks)
        ]
        # Some bodies only: what many do to Django's threads is for `test_bodies.py`.
        opened.append(stack.enter_context(raw_sockets(evently.port, 4, HALF_A_BODY)))
        bystanders.are_served()
        # Each reads to its end: nothing but the server closes it.
        ends = [[read_to_end(each) for each in sockets] for sockets in opened]
        assert {status_of(end) for end in ends[0]} == {0}
        assert {status_of(end) for end in ends[1]} == {408}


def test_a_silent_connection_is_closed() -> None:
    with bare_server(replace(LONG, head_seconds=0.5)) as server, server.connect() as client:
        assert read_to_end(client) == b""
        eventually(lambda: server.is_empty, "it is gone")


def test_half_a_head_is_answered_and_closed() -> None:
    with bare_server(replace(LONG, head_seconds=0.5)) as server:
        assert status_of(server.ask(HALF_A_HEAD)) == 408
        eventually(lambda: server.is_empty, "it is gone")


def test_a_head_that_comes_byte_by_byte_has_one_deadline() -> None:
    with bare_server(replace(LONG, head_seconds=1)) as server, server.connect() as client:
        trickle(client, HALF_A_HEAD + b"a" * 10_000)
        assert status_of(read_to_end(client)) in {408, 0}


def trickle(client: socket.socket, sent: bytes) -> None:
    """Send a byte at a time, slowly, until the server closes the connection."""
    pause = threading.Event()
    client.settimeout(0.05)
    for byte in sent:
        try:
            client.sendall(bytes([byte]))
            if client.recv(1, socket.MSG_PEEK) is not None:
                break
        except TimeoutError:
            pause.wait(0.01)
        except ConnectionError:
            break
    else:
        raise AssertionError("all of it was taken")
    client.settimeout(20)


def test_a_body_that_stands_still_is_cut_off() -> None:
    with bare_server(replace(LONG, body_seconds=0.5)) as server:
        assert server.ask(HALF_A_BODY) == b""
        eventually(lambda: server.is_empty, "it is gone")


def test_a_body_that_comes_byte_by_byte_is_cut_off() -> None:
    with (
        bare_server(replace(LONG, body_pace_after=0.5, body_pace=1_000)) as server,
        server.connect(HALF_A_BODY.replace(b"100", b"100000")) as client,
    ):
        trickle(client, b"a" * 10_000)


def test_an_idle_connection_is_closed_after_its_answer() -> None:
    with bare_server(replace(LONG, idle_seconds=0.5)) as server:
        assert status_of(server.ask(GET)) == 200
        eventually(lambda: server.is_empty, "it is gone")


def test_a_trusted_proxy_may_keep_a_connection_longer() -> None:
    proxies = (ip_network("127.0.0.0/8"),)
    limits = replace(LONG, idle_seconds=0.2, trusted=proxies)
    with bare_server(limits) as server, server.connect(GET) as client:
        assert status_of(client.recv(65_536)) == 200
        threading.Event().wait(1)  # five times as long as others may
        client.sendall(GET)
        assert status_of(client.recv(65_536)) == 200


def test_an_answer_that_takes_long_is_not_the_clients_fault() -> None:
    with bare_server() as server:  # all deadlines are shorter than the two seconds
        answer = server.ask(GET.replace(b"/", b"/slow", 1))
        assert status_of(answer) == 200
        assert b"/slow" in answer


def test_a_client_that_reads_nothing_is_cut_off() -> None:
    with (
        bare_server(replace(LONG, write_seconds=0.5)) as server,
        server.connect(GET.replace(b"/", b"/large", 1)),
    ):
        eventually(lambda: not server.is_empty, "it is being answered")
        eventually(lambda: server.is_empty, "it is cut off")


def test_a_websocket_that_reads_nothing_is_cut_off() -> None:
    with (
        bare_server(replace(LONG, write_seconds=0.5)) as server,
        server.connect(HANDSHAKE % b"/large") as client,
    ):
        assert status_of(client.recv(12)) == 101
        eventually(lambda: server.is_empty, "it is cut off")


def test_a_client_that_reads_slowly_is_served() -> None:
    """Longer than the deadline, in which it takes more than the least each time."""
    limits = replace(LONG, write_seconds=4, write_bytes=20_000)
    wanted = b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with bare_server(limits) as server, server.connect(wanted) as client:
        pause = threading.Event()
        received = 0
        for _ in range(20):
            received += len(client.recv(500_000, socket.MSG_WAITALL))
            pause.wait(0.3)
        received += len(read_to_end(client))
        assert received > 20_000_000


def test_a_body_behind_its_answer_is_thrown_away_up_to_a_bound() -> None:
    """Who is refused early may send the rest; an endless one is cut off."""
    limits = replace(LONG, linger_bytes=1_000_000, linger_seconds=0.5)
    with bare_server(limits) as server, server.connect(b"broken\r\n\r\n") as client:
        client.sendall(b"a" * 500_000)
        assert status_of(read_to_end(client)) == 400
        eventually(lambda: server.is_empty, "it is gone")


def test_open_websockets_stay() -> None:
    """None of the deadlines of requests holds for them."""
    with bare_server() as server, server.connect(HANDSHAKE % b"/") as client:
        assert status_of(client.recv(65_536)) == 101
        threading.Event().wait(1.5)  # longer than each
        assert len(server.connections) == 1
        client.close()
        eventually(lambda: server.is_empty, "it is gone")
