"""Bodies that are too large or too slow are refused in the event loop, with a problem or a page."""

import json
from typing import Any

import pytest

from evently.gateway import bodies
from evently.gateway.bodies import Bodies
from tests.gateway.asking import Reply
from tests.live_server import LiveEvently
from tests.security.attack import Bystanders, raw_sockets, read_all

LOG_IN = "/api/v1/auth/login"
PROTECTED = ("content-security-policy", "x-content-type-options", "x-frame-options")


def head_of(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def answer_of(received: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, body


def assert_refused(received: bytes, status: int, code: str) -> None:
    found, headers, body = answer_of(received)
    assert (found, headers["content-type"]) == (status, "application/problem+json")
    problem = json.loads(body)
    assert (problem["code"], problem["request_id"]) == (code, headers["x-request-id"])
    assert headers["connection"] == "close"
    assert all(name in headers for name in PROTECTED)


# --- Through a real server ------------------------------------------------------------------------


@pytest.mark.parametrize("path", [LOG_IN, "/api/v1/bookings"], ids=["django", "lane"])
def test_a_body_that_stops_is_refused_and_hung_up_on(
    evently: LiveEvently, bystanders: Bystanders, path: str
) -> None:
    half = head_of(path, "Content-Type: application/json", "Content-Length: 100") + b"{"
    with bystanders, raw_sockets(evently.port, 8, half) as opened:
        bystanders.are_served()
        for connection in opened:
            assert_refused(read_all(connection), 408, "body-too-slow")


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(
    evently: LiveEvently,
) -> None:
    head = head_of(LOG_IN, "Content-Type: application/json", f"Content-Length: {2**30}")
    with raw_sockets(evently.port, 1, head) as [connection]:
        assert_refused(read_all(connection), 413, "content-too-large")


@pytest.mark.parametrize("path", [LOG_IN, "/api/v1/bookings"])
def test_a_body_in_chunks_is_read_like_any_other(evently: LiveEvently, path: str) -> None:
    said = b'{"email": "nobody@example.com", "password": "not this one"}'
    lines = ["Content-Type: application/json", "Connection: close"]
    whole = head_of(path, *lines, f"Content-Length: {len(said)}") + said
    chunks = b"5\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (said[:5], len(said) - 5, said[5:])
    in_chunks = head_of(path, *lines, "Transfer-Encoding: chunked") + chunks
    answers = []
    for sent in (whole, in_chunks):
        with raw_sockets(evently.port, 1, sent) as [connection]:
            status, _, body = answer_of(read_all(connection))
            answers.append((status, json.loads(body)["code"]))
    assert answers[1] == answers[0]
    assert answers[0] in {(401, "login-refused"), (401, "not-authenticated")}


def test_a_body_in_chunks_is_bounded_as_well(evently: LiveEvently) -> None:
    head = head_of(LOG_IN, "Content-Type: application/json", "Transfer-Encoding: chunked")
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with raw_sockets(evently.port, 1, head) as [connection]:
        for _ in range(16):
            connection.sendall(chunk)
        connection.sendall(b"1\r\n \r\n")
        assert_refused(read_all(connection), 413, "content-too-large")


def test_a_browser_gets_a_page(evently: LiveEvently) -> None:
    head = head_of("/accounts/login/", "Accept: text/html", f"Content-Length: {2**30}")
    with raw_sockets(evently.port, 1, head) as [connection]:
        status, headers, body = answer_of(read_all(connection))
    assert (status, headers["content-type"]) == (413, "text/html; charset=utf-8")
    assert b"This is too large" in body
    assert all(name in headers for name in PROTECTED)


# --- The layer by itself --------------------------------------------------------------------------


class Client:
    """Sends a body part by part."""

    def __init__(self, *parts: bytes, hangs_up: bool = False) -> None:
        self._messages: list[Any] = [
            {"type": "http.request", "body": part, "more_body": number < len(parts)}
            for number, part in enumerate(parts, start=1)
        ]
        if hangs_up:
            self._messages[-1] = {"type": "http.disconnect"}

    async def ask(self, app: Any, *headers: tuple[bytes, bytes]) -> Reply:
        reply = Reply()

        async def receive() -> Any:
            return self._messages.pop(0)

        async def send(message: Any) -> None:
            reply.messages.append(message)

        scope = {"type": "http", "method": "POST", "path": "/api/x", "scheme": "http"}
        await app(scope | {"headers": list(headers)}, receive, send)
        return reply


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the one message that it takes the body from."""
    message = await receive()
    assert not message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


CHUNKED = (b"transfer-encoding", b"chunked")


async def test_what_stands_behind_gets_the_body_in_one_piece() -> None:
    layer = Bodies(echo)
    assert (await Client(b"a", b"", b"b").ask(layer, CHUNKED)).text == "ab"
    assert (await Client(b"ab").ask(layer, (b"content-length", b"2"))).text == "ab"
    assert layer.held_bytes == 0


async def test_a_client_that_hangs_up_is_not_answered() -> None:
    layer = Bodies(echo)
    assert (await Client(b"a", b"", hangs_up=True).ask(layer, CHUNKED)).messages == []


async def test_all_large_bodies_together_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies, "ALL_LARGE_BYTES", 100_000)
    large = b"x" * 60_000
    seen: list[Reply] = []

    async def meanwhile(scope: Any, receive: Any, send: Any) -> None:
        """While one large body is held, a second is refused and a small one passes."""
        layer.inner = echo
        seen.append(await Client(large).ask(layer, CHUNKED))
        seen.append(await Client(b"small").ask(layer, CHUNKED))
        await echo(scope, receive, send)

    layer = Bodies(meanwhile)
    assert (await Client(large).ask(layer, CHUNKED)).status == 200
    assert [reply.status for reply in seen] == [503, 200]
    assert seen[0].problem["code"] == "busy"
    assert layer.held_bytes == 0
    assert (await Client(large).ask(layer, CHUNKED)).status == 200
