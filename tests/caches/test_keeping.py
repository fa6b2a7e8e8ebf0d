"""What the edge cache does with any source: keep, share, purge, and stay within its bounds."""

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from prometheus_client import REGISTRY
from pytest_django import Settings

from evently.dev.redis import Redis
from evently.gateway import edge
from evently.gateway.edge import EdgeCache
from evently.gateway.edge.entries import takes_gzip
from evently.purging import EVERYTHING, purge
from tests.caches.site import Answer, Clock, Source, Visitor, hearing, until

pytestmark = pytest.mark.usefixtures("everything_is_public")
LONG = b"seats " * 500


async def told(*tags: str) -> None:
    assert await sync_to_async(purge)(tags) >= 1


def outcomes() -> dict[str, float]:
    names = ("hit", "stale", "miss", "pass")
    name = "evently_cache_requests_total"
    found = {o: REGISTRY.get_sample_value(name, {"layer": "l1", "outcome": o}) for o in names}
    return {outcome: count or 0 for outcome, count in found.items()}


async def test_an_answer_is_kept_and_says_how_old_it_is() -> None:
    source = Source(headers=((b"x-frame-options", b"DENY"),))
    visitor, before = await hearing(source), outcomes()
    first, second = await visitor.ask("/a?b=1"), await visitor.ask("/a?b=1")
    assert (first.body, second.body) == (b"1", b"1")
    assert second.headers["age"] == "0"
    assert second.headers["x-frame-options"] == "DENY"
    assert not {name for name in {**first.headers, **second.headers} if "surrogate" in name}
    assert {o: n - before[o] for o, n in outcomes().items()} == {
        "hit": 1,
        "stale": 0,
        "miss": 1,
        "pass": 0,
    }


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/b", {}),
        ("/a?b=2", {}),
        ("/a", {"host": "elsewhere"}),
        ("/a", {"accept_language": "de"}),
        ("/a", {"cookie": "django_language=de"}),
        ("/a", {"accept": "text/html"}),
    ],
)
async def test_another_question_has_another_answer(path: str, headers: dict[str, str]) -> None:
    visitor = await hearing(Source())
    await visitor.ask("/a")
    assert (await visitor.ask(path, **headers)).body == b"2"


async def test_an_answer_lapses(clock: Clock) -> None:
    visitor = await hearing(Source(seconds=1))
    await visitor.ask("/a")
    assert (await visitor.ask("/a")).body == b"1"
    clock.advance(1.05)
    assert (await visitor.ask("/a")).body == b"2"


@pytest.mark.parametrize(
    "source",
    [
        Source(seconds=0),
        Source(status=404),
        Source(headers=((b"set-cookie", b"a=b"),)),
        Source(body=b"x" * 600_000),
    ],
    ids=["unmarked", "refusal", "cookie", "large"],
)
async def test_some_answers_are_not_kept(source: Source) -> None:
    visitor = await hearing(source)
    await visitor.ask("/a")
    seen = source.number
    assert (await visitor.ask("/a")).status == source.status
    assert source.number > seen


async def test_a_cookie_that_was_set_for_nobody_is_given_to_nobody() -> None:
    seen: list[Any] = []

    async def source(scope: Any, receive: Any, send: Any) -> None:
        seen.append(dict(scope["headers"]).get(b"cookie"))
        await Source(headers=((b"set-cookie", b"n=%d" % len(seen)),))(scope, receive, send)

    visitor = Visitor(EdgeCache(source))
    answers = await asyncio.gather(*[visitor.ask("/a", cookie="csrftoken=x") for _ in range(5)])
    assert seen == [None] + 5 * [b"csrftoken=x"]
    assert len({answer.headers["set-cookie"] for answer in answers}) == 5


# --- HEAD, 304, gzip ------------------------------------------------------------------------------


async def test_head_has_the_headers_and_no_body() -> None:
    visitor = await hearing(Source(body=LONG))
    head, get = await visitor.ask("/a", "HEAD"), await visitor.ask("/a")
    assert head.body == b""
    assert get.body == LONG
    assert head.headers == get.headers
    assert head.headers["content-length"] == str(len(LONG))


async def test_whoever_has_the_answer_is_told_so() -> None:
    visitor = await hearing(Source(headers=((b"cache-control", b"private, no-cache"),)))
    tag = (await visitor.ask("/a")).headers["etag"]
    for known in (tag, f'"x", W/{tag}', "*"):
        again = await visitor.ask("/a", if_none_match=known)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "private, no-cache"
        assert "content-length" not in again.headers
    assert (await visitor.ask("/a", if_none_match='"other"')).status == 200


async def test_a_views_own_tag_stays() -> None:
    visitor = await hearing(Source(headers=((b"etag", b'"7"'),)))
    assert (await visitor.ask("/a")).headers["etag"] == '"7"'


async def test_whoever_takes_gzip_gets_it() -> None:
    visitor = await hearing(Source(body=LONG, headers=((b"etag", b'"7"'), (b"vary", b"Cookie"))))
    plain = await visitor.ask("/a")
    packed = await visitor.ask("/a", accept_encoding="br, gzip")
    assert plain.body == gzip.decompress(packed.body) == LONG
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] == 'W/"7"'
    assert int(packed.headers["content-length"]) == len(packed.body) < len(LONG) / 10
    assert plain.headers["vary"] == packed.headers["vary"] == "Cookie, Accept-Encoding"
    assert "content-encoding" not in plain.headers
    again = await visitor.ask("/a", accept_encoding="gzip", if_none_match='W/"7"')
    assert again.status == 304


async def test_what_is_short_is_not_packed() -> None:
    visitor = await hearing(Source())
    answer = await visitor.ask("/a", accept_encoding="gzip")
    assert (answer.body, "vary" in answer.headers) == (b"1", False)


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        (b"gzip", True),
        (b"GZIP;q=0.5", True),
        (b"*", True),
        (b"gzip;q=0", False),
        (b"*, gzip; q=0.0", False),
        (b"br", False),
        (b"", False),
    ],
)
def test_encodings_are_read(accepted: bytes, takes: bool) -> None:
    assert takes_gzip(accepted) is takes


# --- Purges ---------------------------------------------------------------------------------------


async def test_a_purge_lets_go_of_what_carries_the_tag(clock: Clock) -> None:
    source = Source(tags=b"event:1 events")
    visitor = await hearing(source)
    await visitor.ask("/a")
    source.tags = b"event:2"
    await visitor.ask("/b")
    await told("event:1")
    await until(lambda: purges(visitor) == 1)
    clock.advance(edge.GRACE_SECONDS)
    assert (await visitor.ask("/a")).body == b"3"
    assert (await visitor.ask("/b")).body == b"2"


def purges(visitor: Visitor) -> int:
    """How many it has heard, beside that with which it began."""
    return sum(EVERYTHING not in tags for _, tags in visitor.application._heard)


async def test_a_purged_answer_is_given_away_while_its_successor_is_made(clock: Clock) -> None:
    source = Source()
    visitor = await hearing(source)
    await visitor.ask("/a")
    source.gate = asyncio.Event()
    await told("events")
    await until(lambda: purges(visitor) == 1)
    before = outcomes()
    assert [(await visitor.ask("/a")).body for _ in range(3)] == 3 * [b"1"]
    assert outcomes()["stale"] - before["stale"] == 3
    assert source.number == 1, "a successor is not begun at once"
    clock.advance(edge.REFILL_AFTER_SECONDS)
    assert (await visitor.ask("/a")).body == b"1"
    await until(lambda: source.number == 2)
    source.gate.set()
    await until(lambda: not visitor.application._fills)
    assert (await visitor.ask("/a")).body == b"2"


async def test_the_grace_ends_also_when_no_successor_comes(clock: Clock) -> None:
    source = Source()
    visitor = await hearing(source)
    await visitor.ask("/a")
    source.gate = asyncio.Event()
    await told("events")
    await until(lambda: purges(visitor) == 1)
    await visitor.ask("/a")
    clock.advance(edge.GRACE_SECONDS)
    late = asyncio.create_task(visitor.ask("/a"))
    await until(lambda: source.number == 2)
    assert not late.done()
    source.gate.set()
    assert (await late).body == b"2"


async def purged_while_it_is_made(source: Source) -> tuple[Visitor, asyncio.Task[Answer]]:
    """A visitor whose answer waits for the gate and is out of date by now."""
    visitor = await hearing(source)
    source.gate = asyncio.Event()
    first = asyncio.create_task(visitor.ask("/a"))
    await until(lambda: source.number == 1)
    await told("events")
    await until(lambda: purges(visitor) == 1)
    return visitor, first


async def test_what_is_purged_while_it_is_made_is_kept_for_the_grace_only(clock: Clock) -> None:
    source = Source()
    visitor, first = await purged_while_it_is_made(source)
    assert source.gate
    source.gate.set()
    assert (await first).body == b"1"
    before = outcomes()
    assert (await visitor.ask("/a")).body == b"1"
    assert outcomes()["stale"] - before["stale"] == 1
    clock.advance(edge.GRACE_SECONDS)
    assert (await visitor.ask("/a")).body == b"2"


async def test_what_took_longer_than_the_grace_is_made_anew(clock: Clock) -> None:
    source = Source()
    visitor, first = await purged_while_it_is_made(source)
    late = asyncio.create_task(visitor.ask("/a"))
    clock.advance(edge.GRACE_SECONDS)
    assert source.gate
    source.gate.set()
    assert (await first).body == b"2"
    assert (await late).body == b"2"
    assert source.number == 2


async def test_the_grace_runs_from_the_first_purge(clock: Clock) -> None:
    source = Source()
    visitor, first = await purged_while_it_is_made(source)
    clock.advance(edge.GRACE_SECONDS)
    await told("events")
    await until(lambda: purges(visitor) == 2)
    assert source.gate
    source.gate.set()
    assert (await first).body == b"2"


async def test_a_purge_of_everything_leaves_nothing() -> None:
    visitor = await hearing(Source(tags=b""))
    await visitor.ask("/a")
    await told(EVERYTHING)
    await until(lambda: not visitor.application._shelf)
    assert (await visitor.ask("/a")).body == b"2"


async def test_without_a_line_an_answer_is_kept_for_a_second(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(edge, "UNHEARD_SECONDS", 0.3)
    visitor = Visitor(EdgeCache(Source()))
    await visitor.ask("/a")
    await until(lambda: visitor.application._listening.done())
    await asyncio.sleep(0)
    await visitor.ask("/a")
    assert (await visitor.ask("/a")).body == b"2"
    clock.advance(0.35)
    assert (await visitor.ask("/a")).body == b"3"


async def test_when_the_line_is_back_nothing_of_before_is_believed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "UNHEARD_SECONDS", 60.0)
    redis = Redis(tmp_path / "redis", durable=False)
    redis.start()
    settings.REDIS_URL = redis.url
    visitor = await hearing(Source())
    await visitor.ask("/a")
    await sync_to_async(redis.stop)()
    await until(lambda: not visitor.application._hears_purges())
    assert (await visitor.ask("/a")).body == b"1"
    await sync_to_async(redis.start)()
    await until(visitor.application._hears_purges)
    assert (await visitor.ask("/a")).body == b"2"
    await sync_to_async(redis.stop)()


# --- Many at once ---------------------------------------------------------------------------------


async def test_whoever_asks_the_same_at_once_gets_one_answer() -> None:
    source = Source(gate=asyncio.Event())
    visitor = Visitor(EdgeCache(source))
    asking = [asyncio.create_task(visitor.ask("/a")) for _ in range(1000)]
    await until(lambda: source.number)
    assert source.gate
    source.gate.set()
    answers = await asyncio.gather(*asking)
    assert ({answer.body for answer in answers}, source.number) == ({b"1"}, 1)


async def test_nobody_is_left_waiting_when_the_first_one_goes_away() -> None:
    source = Source(gate=asyncio.Event())
    visitor = Visitor(EdgeCache(source))
    first, second = (asyncio.create_task(visitor.ask("/a")) for _ in range(2))
    await until(lambda: source.number)
    first.cancel()
    await until(first.done)
    assert source.gate
    source.gate.set()
    assert (await second).body == b"1"
    assert source.number == 1


async def test_nobody_is_left_waiting_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    gate = asyncio.Event()

    async def broken(*_: Any) -> None:
        await gate.wait()
        raise ValueError("broken")

    visitor = Visitor(EdgeCache(broken))
    asking = [asyncio.create_task(visitor.ask("/a")) for _ in range(3)]
    await until(lambda: visitor.application._fills)
    gate.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(error) for error in found] == 3 * [ValueError]
    assert not visitor.application._fills
    assert "An answer to keep could not be made" in caplog.text


async def test_a_refusal_is_told_to_each_by_itself() -> None:
    """Its body may name the request."""
    source = Source(status=404)
    visitor = Visitor(EdgeCache(source))
    answers = await asyncio.gather(*[visitor.ask("/a") for _ in range(3)])
    assert sorted(answer.body for answer in answers) == [b"1", b"2", b"3"]


# --- Bounds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["/", "?b="])
async def test_memory_is_bounded_and_what_is_asked_for_stays(settings: Settings, kind: str) -> None:
    settings.EDGE_CACHE_MB = 1
    source = Source(body=b"x" * 100_000, headers=((b"content-encoding", b"none"),))
    visitor = await hearing(source)
    await visitor.ask("/hot")
    for number in range(40):
        await visitor.ask(f"/cold{kind}{number}")
        await visitor.ask("/hot")
    shelves = visitor.application._shelf
    assert shelves.currsize <= 2**20
    assert source.number == 41
    for shelf in (shelves._usual, shelves._rest):
        assert {question for found in shelf._tagged.values() for question in found} == set(shelf)
    assert REGISTRY.get_sample_value("evently_cache_bytes") == shelves.currsize


LONG_TEXT = "x" * 10_000


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/a?{LONG_TEXT}", {}),
        ("/a", {"accept_language": LONG_TEXT}),
        ("/a", {"accept": f"*/*, {LONG_TEXT}"}),
        ("/a", {"cookie": f"a={LONG_TEXT}"}),
        ("/a", {"accept": "application/json; indent=4"}),
        ("/a", {"accept": "image/png"}),
    ],
)
async def test_what_is_unusual_goes_past(path: str, headers: dict[str, str]) -> None:
    source = Source()
    visitor = await hearing(source)
    for _ in range(2):
        answer = await visitor.ask(path, **headers)
        assert not {name for name in answer.headers if "surrogate" in name}
    assert source.number == 2
    assert len(visitor.application._shelf) == 0


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
async def test_other_kinds_of_connections_go_past(kind: str) -> None:
    seen: list[Any] = []

    async def inner(scope: Any, receive: Callable[[], Any], send: Any) -> None:
        seen.append((scope, receive, send))

    scope: Any = {"type": kind}
    receive, send = (lambda: None), (lambda: None)
    await EdgeCache(inner)(scope, receive, send)  # type: ignore[arg-type]
    assert seen == [(scope, receive, send)]
