"""Heads that are too large, endless or malformed: refused while they are read."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat

import pytest

from evently.server.connections import Limits
from tests.live_server import LiveEvently
from tests.security.attack import Bystanders
from tests.server.bare import GET, Bare, bare_server, read_to_end, status_of

ATTACKERS = 4
MEGABYTE = b"a" * 2**20
REQUEST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = REQUEST + b"Transfer-Encoding: chunked\r\n\r\n"


def endless(*parts: bytes, last: bytes, megabytes: int = 64) -> Iterator[bytes]:
    """The parts, then the last again and again, a megabyte at a time."""
    return chain(parts, repeat(last * (2**20 // len(last)), megabytes))


# What is sent, and the status that refuses it.
Flood = Callable[[], Iterator[bytes]]
FLOODS: dict[str, tuple[Flood, int]] = {
    "a header of 64 MB": (lambda: endless(b"GET / HTTP/1.1\r\nX: ", last=b"a"), 431),
    "a header's name of 64 MB": (lambda: endless(b"GET / HTTP/1.1\r\n", last=b"a"), 431),
    "200 000 headers": (lambda: endless(b"GET / HTTP/1.1\r\n", last=b"X-A: b\r\n"), 431),
    "an address of 20 MB": (lambda: endless(b"GET /", last=b"a", megabytes=20), 414),
    "an address of 20 MB below /api/": (
        lambda: endless(b"GET /api/v1/events?", last=b"a", megabytes=20),
        414,
    ),
    "empty lines": (lambda: endless(last=b"\r\n"), 431),
}
# These follow a request that the application answers, or has in hand.
FLOODS_AFTER_A_HEAD: dict[str, Flood] = {
    "a chunk's extension": lambda: endless(CHUNKED + b"1;", last=b"a"),
    "extensions of many chunks": lambda: endless(CHUNKED, last=b"1;%s\r\na\r\n" % (b"a" * 500)),
    "trailers": lambda: endless(CHUNKED + b"0\r\n", last=b"X-A: b\r\n"),
    "one trailer": lambda: endless(CHUNKED + b"0\r\nX: ", last=b"a"),
    "pipelined requests": lambda: endless(last=GET),
}


def send_all(port: int, parts: Iterator[bytes]) -> bytes:
    """Send until all is sent or the server has closed; what it said."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except ConnectionError:
            pass
        return read_to_end(connection)


@pytest.mark.parametrize("flood", FLOODS)
def test_an_endless_head_is_refused_while_others_are_served(
    evently: LiveEvently, bystanders: Bystanders, flood: str
) -> None:
    parts, _ = FLOODS[flood]
    with bystanders, ThreadPoolExecutor(ATTACKERS) as pool:
        attacks = [pool.submit(send_all, evently.port, parts()) for _ in range(ATTACKERS)]
        bystanders.are_served()
        for attack in attacks:
            attack.result()


@pytest.mark.parametrize("flood", FLOODS_AFTER_A_HEAD)
def test_a_flood_behind_a_good_head_ends_while_others_are_served(
    evently: LiveEvently, bystanders: Bystanders, flood: str
) -> None:
    with bystanders, ThreadPoolExecutor(ATTACKERS) as pool:
        attacks = [
            pool.submit(send_all, evently.port, FLOODS_AFTER_A_HEAD[flood]())
            for _ in range(ATTACKERS)
        ]
        bystanders.are_served()
        for attack in attacks:
            attack.result()


@pytest.fixture(scope="module")
def server() -> Iterator[Bare]:
    """One with the true bounds."""
    with bare_server(Limits()) as bare:
        yield bare


@pytest.mark.parametrize("flood", FLOODS)
def test_the_refusal_says_why_and_closes(server: Bare, flood: str) -> None:
    """To a client that sends a little more than is read, and then listens."""
    parts, status = FLOODS[flood]
    sent = b"".join(parts())[:200_000]
    answer = server.ask(sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status_of(answer) == status
    assert b"Connection: close" in head
    assert b"X-Content-Type-Options: nosniff" in head
    if b"/api/" in sent:
        assert b"Content-Type: application/problem+json" in head
        assert json.loads(body)["status"] == status
    else:
        assert body.endswith(b".\n")


# After a refusal some of what still comes is thrown away, so that the client can read it.
FILLER = b"x" * 2**20


@pytest.mark.parametrize("flood", [*FLOODS_AFTER_A_HEAD, *FLOODS])
def test_a_flood_is_cut_off(server: Bare, flood: str) -> None:
    """By the server: long before 64 MB are through, so that its memory never has them."""
    parts = FLOODS_AFTER_A_HEAD.get(flood) or FLOODS[flood][0]
    with server.connect() as connection, pytest.raises(ConnectionError):  # noqa: PT012
        for part in chain(parts(), repeat(FILLER, 64)):
            connection.sendall(part)
        pytest.fail("all of it was taken")


def test_heads_within_the_bounds_are_read(server: Bare) -> None:
    cookies = b"".join(b"Cookie: %s\r\n" % (b"c" * 15_000) for _ in range(4))
    many = b"".join(b"X-%d: a\r\n" % number for number in range(94))
    long_address = b"GET /?%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % (b"q" * 15_000)
    whole = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + cookies + many + b"\r\n"
    assert status_of(server.ask(whole)) == 200
    assert status_of(server.ask(long_address)) == 200
    with server.connect() as connection:
        for byte in GET.replace(b"Host", b"Connection: close\r\nHost"):
            connection.sendall(bytes([byte]))
        assert status_of(read_to_end(connection)) == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Y: a\r\n" * 99 + b"Y: a\r\n", 431),
        (b"Y: %s\r\n" % (b"a" * 16_384), 431),
        ((b"Y: %s\r\n" % (b"a" * 16_000)) * 5, 431),
    ],
    ids=["101 headers", "a line over 16 kB", "80 kB in all"],
)
def test_heads_over_the_bounds_are_refused(server: Bare, headers: bytes, status: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n"
    assert status_of(server.ask(head)) == status


# By RFC 9112: §3.2 Host, §5.1 and §5.2 fields, §6.1 and §6.3 lengths, §7.1 chunks.
MALFORMED = {
    "two lengths": (REQUEST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    "two different lengths": (REQUEST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "a list of lengths": (REQUEST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
    "a signed length": (REQUEST + b"Content-Length: +3\r\n\r\nabc", 400),
    "an immense length": (REQUEST + b"Content-Length: 99999999999999999999\r\n\r\n", 400),
    "length and chunks": (
        REQUEST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunks and length": (
        REQUEST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        400,
    ),
    "an unknown coding": (REQUEST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "a coding beside chunks": (REQUEST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunks that are not last": (
        REQUEST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a space before the colon": (
        REQUEST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunks in HTTP/1.0": (
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a folded header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
    "bare line feeds": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "a bare carriage return": (b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400),
    "a null byte": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/2 without asking": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a tunnel": (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "a chunk size with 0x": (CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", 400),
    "a chunk that is longer than it says": (CHUNKED + b"3\r\nabcX0\r\n\r\n", 400),
    "a length in the trailers": (CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n", 400),
}


@pytest.mark.parametrize("shape", MALFORMED)
def test_what_two_servers_could_read_differently_is_refused(server: Bare, shape: str) -> None:
    """The connection is closed: nothing behind it is taken for a request."""
    sent, status = MALFORMED[shape]
    answer = server.ask(sent + GET)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [str(status).encode()]


def test_trailers_are_no_headers(server: Bare) -> None:
    trailers = b"3\r\nabc\r\n0\r\nAuthorization: x\r\nX-Forwarded-For: y\r\n\r\n"
    last = GET.replace(b"Host", b"Connection: close\r\nHost")
    answer = server.ask(CHUNKED + trailers + last)
    assert b'"size": 3' in answer
    assert b"authorization" not in answer
    assert b"x-forwarded-for" not in answer


def test_an_upgrade_that_we_do_not_know_hides_no_second_request(server: Bare) -> None:
    """Its body is a body (RFC 9110 §7.8): Java's HTTP client asks like this at first."""
    hidden = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
    head = REQUEST + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n"
    last = GET.replace(b"Host", b"Connection: close\r\nHost")
    with server.connect(head % len(hidden)) as connection:
        connection.sendall(hidden)
        connection.sendall(last)
        answer = read_to_end(connection)
    assert b"/hidden" not in answer
    assert [int(size) for size in re.findall(rb'"size": (\d+)', answer)] == [len(hidden), 0]


def test_some_pipelined_requests_are_answered_in_order_and_too_many_are_cut_off(
    server: Bare,
) -> None:
    last = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    some = server.ask(GET * 20 + last)
    assert some.count(b"HTTP/1.1 200") == 21
    assert b"/last" in some.split(b"HTTP/1.1 200")[-1]
    many = server.ask(GET * 2_000 + last)
    assert 1 <= many.count(b"HTTP/1.1 200") <= 40
    assert b"connection: close" in many
    assert b"/last" not in many


def test_a_refused_head_behind_a_good_request_does_not_disturb_its_answer(server: Bare) -> None:
    slow = GET.replace(b"GET /", b"GET /slow")
    answer = server.ask(slow + b"GET / HTTP/1.1\r\nbroken\r\n\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200"]
    assert b"/slow" in answer
