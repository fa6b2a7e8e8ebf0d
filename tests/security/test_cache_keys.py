"""What a stranger writes into the address neither fills the edge cache nor costs Django a page."""

import secrets
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.live_server import LiveEvently, Web, eventually

MISSES = 'evently_cache_requests_total{layer="l1",outcome="miss"}'


@pytest.fixture
def web(evently: LiveEvently) -> Iterator[Web]:
    """A server whose cache is as small as it can be."""
    evently.heal()
    evently.forget_limits()
    with evently.another_web(EDGE_CACHE_MB="1", ALLOWED_HOSTS="localhost,127.0.0.1") as web:
        # Until purges are heard nothing is kept for long.
        eventually(lambda: misses(evently, web, "/sitemap.xml") == 0, "the cache keeps answers")
        yield web


def misses(live: LiveEvently, web: Web, *paths: str) -> int:
    """How many of these pages, asked one after the other, Django had to make."""
    before = live.metric(MISSES, port=web.port)
    for path in paths:
        assert live.ask(path, port=web.port).status == 200, path
    return int(live.metric(MISSES, port=web.port) - before)


SAME = [
    (
        "/",
        ["/?x=1", "/?x=2", "/?utm_source=mail&utm_medium=x", "/?", "/?search=&when=", "/?&&"],
    ),
    (
        "/?when=week&available=on",
        [
            "/?available=on&when=week",
            "/?when=month&available=on&when=week",
            "/?available=on&price=&when=week&gclid=1",
            "/?available=o%6e&when=week",
        ],
    ),
    ("/?search=jazz", ["/?search=soul&search=jazz", "/?utm_campaign=x&search=jazz"]),
    ("/api/v1/events?limit=5&ordering=name", ["/api/v1/events?ordering=name&limit=5"]),
    ("/developers/", ["/developers/?a=b"]),
]


def test_addresses_that_mean_the_same_are_one_entry(evently: LiveEvently, web: Web) -> None:
    for known, same in SAME:
        assert misses(evently, web, known) == 1, known
        assert misses(evently, web, *same) == 0, same


def test_addresses_that_mean_something_else_are_not(evently: LiveEvently, web: Web) -> None:
    assert misses(evently, web, "/", "/?when=week", "/?when=month", "/?search=a", "/?when=x") == 5


def test_the_api_refuses_what_it_does_not_know_each_time(evently: LiveEvently, web: Web) -> None:
    assert misses(evently, web, "/api/v1/events") == 1
    before = evently.metric(MISSES, port=web.port)
    for query in ("x=1", "starts_after="):
        refused = evently.ask(f"/api/v1/events?{query}", port=web.port)
        assert (refused.status, refused.code) == (400, "invalid")
    assert evently.metric(MISSES, port=web.port) == before


def test_invented_searches_do_not_displace_what_many_ask(evently: LiveEvently, web: Web) -> None:
    usual = ["/", "/?when=week", "/developers/"]
    assert misses(evently, web, *usual) == len(usual)
    invented = [f"/?search={quote(secrets.token_urlsafe(30))}" for _ in range(120)]
    assert misses(evently, web, *invented) == len(invented)
    # They did fill what there is for them: the first of them was displaced.
    assert misses(evently, web, invented[0]) == 1
    assert misses(evently, web, *usual) == 0
