"""Requests of any kind, thrown at both doors: there is no telling by which one they came."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.lane.reading import PATH
from bookings.models import Booking
from evently.accounts.models import User
from events.models import Event
from tests.gateway.asking import Reply, ask
from tests.lane.conftest import in_thread, token_of
from tests.makers import make_booking, make_event, make_user

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = 200
# What differs from one booking to the next.
CHANGING = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
    r"|(?<=bookings/)[0-9A-Z]{10}"
)
STATES = ("open", "sold out", "booked before", "draft", "cancelled", "over")

quantities: st.SearchStrategy[Any] = st.one_of(
    st.integers(-2, 12),
    st.sampled_from([None, True, "1", 1.0, 1.5, [], {}, 10**7, 10**30, "", -0.0]),
)
extras: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {}, {"quantity": 2}, {"note": "hello"}, {"event": 1}, {"\u0000": 1}]
)


GOOD = b'{"event_id": "EVENT", "quantity": 2}'


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Half of them good; EVENT stands for the id of the event."""
    if draw(st.booleans()):
        return GOOD
    event = draw(st.sampled_from(["EVENT", "EVENT", "EVENT", "", "nonsense", 7, None, "E" * 36]))
    wish: dict[str, Any] = {"event_id": event, "quantity": draw(quantities)} | draw(extras)
    names = draw(st.permutations(sorted(wish)))
    said = {name: wish[name] for name in names if draw(st.integers(0, 15))}
    text = json.dumps(said, indent=draw(st.sampled_from([None, None, 1])))
    return draw(st.sampled_from([text.encode()] * 6 + broken(text)))


def broken(text: str) -> list[bytes]:
    return [
        b"",
        b"[]",
        b"\xff" + text.encode(),
        text[:-1].encode(),
        (text + "x").encode(),
        text.encode("utf-16"),
        "\ufeff".encode() + text.encode(),
        text.replace('"', "'").encode(),
        text.replace('"quantity":', '"quantity": 1, "quantity":').encode(),
        text.replace("event_id", "\\u0065vent_id").encode(),
        text.replace(" ", "\x0b").encode(),
        text.replace(": 2", ": 02").encode(),
        text.replace(": 2", ": 2e0").encode(),
        text.replace(": 2", ": ٢").encode(),
        b" " * 3000 + text.encode(),
        b"NaN",
        b"[" * 400,
    ]


HEADERS = {
    "content-type": [
        "application/json; charset=UTF-8",
        "APPLICATION/JSON",
        "application/json; charset=utf-16",
        "application/x-www-form-urlencoded",
        "text/plain",
        "a/b/c",
        "",
    ],
    "accept": [
        "*/*",
        "application/json",
        "application/json, text/plain, */*",
        "application/json; indent=4",
        "application/*;q=0.1",
        "*/*;q=0",
        "text/html",
        "nonsense",
    ],
    "accept-language": ["de", "en-GB,de;q=0.1", "fr", "*", "x" * 600, "de;q=x"],
    "idempotency-key": ["a-key", "k" * 255, "k" * 256, "a b", "", "schlüssel", "k,k"],
    "authorization": [
        "Bearer  TOKEN",
        "Bearer TOKEN x",
        "Bearer TOKENx",
        "Bearer\tTOKEN",
        "bearer TOKEN",
        "Bearer a.b.c",
        "Bearer",
        "Basic eDp5",
        "",
    ],
    "cookie": ["django_language=de", "sessionid=nobody", "a=b"],
    "host": ["localhost:8000", "evil.example", "", "local host", "127.0.0.1."],
    "origin": ["https://elsewhere.example", "null"],
    "transfer-encoding": ["chunked"],
    "content-encoding": ["gzip"],
    "x-http-method-override": ["GET"],
    "user-agent": ["a program"],
}
UNUSUAL = [(name, value) for name, values in HEADERS.items() for value in values]


@dataclass(frozen=True)
class Stage:
    """An event, and somebody who wants seats."""

    event: Event
    token: str

    async def ask(self, door: Any, body: bytes, said: dict[str, str]) -> Reply:
        own = {"authorization": "Bearer TOKEN", "content-type": "application/json"} | said
        filled = {name: value.replace("TOKEN", self.token) for name, value in own.items()}
        asked = body.replace(b"EVENT", str(self.event.pk).encode())
        return await ask(door, PATH, method="POST", headers=filled, body=asked)


@in_thread
def stage(state: str) -> Stage:
    user = make_user()
    status = state if state in Event.Status.values else Event.Status.PUBLISHED
    past: dict[str, Any] = (
        {"starts_at": datetime(2020, 1, 1, tzinfo=UTC)} if state == "over" else {}
    )
    event = make_event(capacity=5, status=status, **past)
    if state == "sold out":
        make_booking(event, quantity=5)
    if state == "booked before":
        make_booking(event, user)
    return Stage(event, token_of(user))


@dataclass(frozen=True)
class Doors:
    lane: Any
    plain: Any

    async def ask_both(self, state: str, body: bytes, said: dict[str, str]) -> Reply:
        """The one answer of both doors, each asked by a person and for an event of its own."""
        stages = [await stage(state) for _ in range(2)]
        fast = await stages[0].ask(self.lane, body, said)
        plain = await stages[1].ask(self.plain, body, said)
        assert fast.status == plain.status
        assert unchanging(fast.text) == unchanging(plain.text)
        assert told(fast) == told(plain)
        assert await seats(stages[0].event) == await seats(stages[1].event)
        return fast


@pytest.fixture
def doors(lane: Any, plain_door: Any) -> Doors:
    return Doors(lane, plain_door)


@given(
    state=st.sampled_from(STATES),
    body=bodies(),
    said=st.lists(st.sampled_from(UNUSUAL), max_size=2).map(dict),
)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_both_doors_answer_the_same(
    doors: Doors, state: str, body: bytes, said: dict[str, str]
) -> None:
    await doors.ask_both(state, body, said)


async def test_an_unusual_header_makes_no_difference(doors: Doors) -> None:
    statuses = {(await doors.ask_both("open", GOOD, dict([header]))).status for header in UNUSUAL}
    assert statuses >= {201, 400, 401, 406, 415}


async def test_a_broken_body_makes_no_difference(doors: Doors) -> None:
    for body in broken(GOOD.decode()):
        await doors.ask_both("open", body, {})


@in_thread
def seats(event: Event) -> list[int]:
    rows = Booking.objects.filter(event=event).order_by("created_at")
    return list(rows.values_list("quantity", flat=True))


def unchanging(text: str) -> Any:
    """The body as the reader gets it, without ids and times."""
    body = json.loads(CHANGING.sub("…", text))
    return {name: value for name, value in body.items() if name not in {"request_id", "reference"}}


def told(reply: Reply) -> dict[str, str]:
    """The headers; in which order a list stands, and the id of the request, are left out."""
    return {
        name: ", ".join(sorted(CHANGING.sub("…", value).lower().replace("; ", ", ").split(", ")))
        for name, value in reply.headers.items()
        if name != "content-length"
    }


async def test_a_kept_answer_is_the_same_at_the_other_door(lane: Any, plain_door: Any) -> None:
    event, user = await in_thread(make_event)(), await in_thread(make_user)()
    own = {
        "authorization": f"Bearer {await in_thread(token_of)(user)}",
        "content-type": "application/json",
        "idempotency-key": "both",
    }
    body = {"event_id": str(event.pk), "quantity": 1}
    first, second = [
        await ask(door, PATH, method="POST", headers=own, body=body) for door in (lane, plain_door)
    ]
    assert (first.status, first.text) == (second.status, second.text)
    assert await in_thread(User.objects.filter(bookings__event=event).count)() == 1
