"""Each request's name: in its answer, its log lines and what is said when something breaks."""

import io
import logging
from typing import Any

import pytest
from asgi_correlation_id import correlation_id
from django.test import RequestFactory

from evently.gateway.tracing import Tracing
from evently.site import failures
from tests.gateway.asking import ask, ok, shake_hands

logger = logging.getLogger(__name__)
GIVEN = {"X-Request-ID": "a-name.of_MINE-1"}


async def talkative(scope: Any, receive: Any, send: Any) -> None:
    logger.warning("seats are low")
    await ok(scope, receive, send)


async def broken(scope: Any, receive: Any, send: Any) -> None:
    raise ZeroDivisionError


async def broken_in_the_middle(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ZeroDivisionError


async def refusing(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.close", "code": 1008, "reason": None})


async def test_the_callers_name_for_a_request_is_on_the_answer() -> None:
    reply = await ask(Tracing(ok), headers=GIVEN)
    assert (reply.headers["x-request-id"], reply.headers["x-inner"]) == ("a-name.of_MINE-1", "yes")


@pytest.mark.parametrize(
    "given",
    ["x" * 7, "x" * 129, "ends\tbadly", "two words", "quote'", "", "ümlaut-1", "a" * 8 + "\n"],
)
async def test_a_name_that_is_too_odd_is_replaced(given: str) -> None:
    made = (await ask(Tracing(ok), headers={"X-Request-ID": given})).headers["x-request-id"]
    assert made != given
    assert len(made) == 32
    assert int(made, 16)


@pytest.mark.parametrize("given", ["x" * 8, "x" * 128, "A.b_c-9z"])
async def test_other_names_are_taken(given: str) -> None:
    reply = await ask(Tracing(ok), headers={"X-Request-ID": given})
    assert reply.headers["x-request-id"] == given


async def test_no_two_requests_are_given_one_name() -> None:
    app = Tracing(ok)
    assert len({(await ask(app)).headers["x-request-id"] for _ in range(50)}) == 50


async def test_websockets_have_a_name_as_well() -> None:
    reply = await shake_hands(Tracing(ok), headers=GIVEN)
    assert reply.headers["x-request-id"] == "a-name.of_MINE-1"


async def test_every_log_line_of_a_request_has_its_name(log: io.StringIO) -> None:
    await ask(Tracing(talkative), headers=GIVEN)
    line = log.getvalue().splitlines()[0]
    assert line == "WARNING tests.gateway.test_tracing [a-name.of_MINE-1]: seats are low"


def test_a_line_of_no_request_says_so(log: io.StringIO) -> None:
    logger.warning("good morning")
    assert log.getvalue() == "WARNING tests.gateway.test_tracing [-]: good morning\n"


def test_the_servers_false_alarm_is_not_logged(log: io.StringIO) -> None:
    server = logging.getLogger("uvicorn.error")
    server.error("ASGI callable returned without completing handshake.")
    server.error("It burns.")
    assert log.getvalue() == "ERROR uvicorn.error [-]: It burns.\n"


# --- The access log -----------------------------------------------------------------------------


def access_lines(log: io.StringIO) -> list[str]:
    """Without names and times."""
    lines = [line for line in log.getvalue().splitlines() if "evently.access" in line]
    assert all(line.endswith(" ms") for line in lines)
    return [line.partition("]: ")[2].rsplit(" ", 2)[0] for line in lines]


async def test_the_access_log_has_one_line_for_each_request(log: io.StringIO) -> None:
    await ask(Tracing(ok), "/events/0190a0de-0000-7000-8000-000000000000/", method="POST")
    await shake_hands(Tracing(ok))
    await shake_hands(Tracing(refusing))
    assert access_lines(log) == [
        "POST /events/0190a0de-0000-7000-8000-000000000000/ 200",
        "WEBSOCKET /ws/events/ 101",
        "WEBSOCKET /ws/events/ 403",
    ]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/accounts/password/reset/key/1-cxyz12-0123456789abc/", "/accounts/password/reset/key/*/"),
        ("/accounts/confirm-email/MQ:1tabcd:some-Signature_of-it/", "/accounts/confirm-email/*/"),
        ("/static/evently/evently.0123456789ab.css", "/static/evently/evently.0123456789ab.css"),
        ("/bookings/ABCD2345/", "/bookings/ABCD2345/"),
        ("/a\nINFO evently.access [x]: GET /b", "/a%0AINFO%20evently.access%20%5Bx%5D:%20GET%20/b"),
        ("/käse", "/k%C3%A4se"),
        ("/" + "a/" * 500, "/" + "a/" * 99 + "a"),
    ],
)  # fmt: skip
async def test_the_access_log_keeps_secrets_and_its_form(
    log: io.StringIO, path: str, shown: str
) -> None:
    await ask(Tracing(ok), path)
    assert access_lines(log) == [f"GET {shown} 200"]


async def test_the_access_log_can_be_switched_off(
    log: io.StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "evently.access")
    assert (await ask(Tracing(ok))).status == 200
    assert log.getvalue() == ""


# --- When something breaks ----------------------------------------------------------------------


async def test_when_all_else_is_broken_the_answer_still_has_the_name(log: io.StringIO) -> None:
    replies = []

    async def keep(message: Any) -> None:
        replies.append(message)

    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(b"x-request-id", b"a-name.of_MINE-1")],
    }
    with pytest.raises(ZeroDivisionError):
        await Tracing(broken)(scope, None, keep)  # type: ignore[arg-type]
    start, body = replies
    assert start["status"] == 500
    assert (b"x-request-id", b"a-name.of_MINE-1") in start["headers"]
    assert b'"request_id": "a-name.of_MINE-1"' in body["body"]
    assert access_lines(log) == ["GET / 500"]


async def test_what_cannot_be_answered_any_more_is_only_raised() -> None:
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message["type"])

    scope: Any = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(ZeroDivisionError):
        await Tracing(broken_in_the_middle)(scope, None, keep)  # type: ignore[arg-type]
    assert sent == ["http.response.start"]
    with pytest.raises(ZeroDivisionError):
        await Tracing(broken)(scope | {"type": "websocket"}, None, keep)  # type: ignore[arg-type]
    assert sent == ["http.response.start"]


def test_the_page_of_a_bug_shows_what_to_quote() -> None:
    token = correlation_id.set("a-name.of_MINE-1")
    page = failures.server_error(RequestFactory().get("/"))
    correlation_id.reset(token)
    assert b"<code>a-name.of_MINE-1</code>" in page.content


async def test_what_is_no_request_has_no_name() -> None:
    seen = []

    async def look(scope: Any, receive: Any, send: Any) -> None:
        seen.append(correlation_id.get())

    await Tracing(look)({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert seen == [None]
