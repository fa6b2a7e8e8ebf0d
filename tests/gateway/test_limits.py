"""Who may ask how often, and what is said to whoever asks too often."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.cache import cache
from prometheus_client import Counter
from pytest_django import Settings

from evently.gateway import limits as gateway_limits
from evently.gateway.callers import claims_of
from evently.gateway.limits import RateLimits
from evently.gateway.metrics import LIMIT_ALLOWED, LIMIT_REFUSED
from evently.gateway.tiers import endpoint_of
from tests.gateway.asking import Reply, ask, ok, shake_hands
from tests.tokens import good_claims, id_of, make_token, unsigned

Limits = Callable[..., None]
BOOKINGS = "/api/v1/bookings"


def token_of(user: str) -> str:
    return make_token(good_claims(str(id_of(user))))


def bearer(user: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(user)}"}


async def book(app: Any, headers: dict[str, str] | None = None, **more: Any) -> Reply:
    return await ask(app, BOOKINGS, method="POST", headers=headers, **more)


async def statuses(app: Any, times: int, *args: Any, **kwargs: Any) -> list[int]:
    return [(await ask(app, *args, **kwargs)).status for _ in range(times)]


def counted(counter: Counter) -> dict[str, float]:
    """The counter by its label."""
    samples = next(iter(counter.collect())).samples
    totals = (sample for sample in samples if sample.name.endswith("_total"))
    by_label = {"".join(sample.labels.values()): sample.value for sample in totals}
    return defaultdict(float, by_label)


# --- What is said -------------------------------------------------------------------------------


async def test_every_answer_tells_of_the_tier_with_the_least_left(
    limited: RateLimits, limits: Limits
) -> None:
    limits(read=5)
    first, second = [await ask(limited, "/developers/") for _ in range(2)]
    assert (first.status, first.headers["x-inner"]) == (200, "yes")
    assert first.headers["ratelimit-limit"] == "5"
    assert [reply.headers["ratelimit-remaining"] for reply in (first, second)] == ["4", "3"]
    assert 55 < int(first.headers["ratelimit-reset"]) <= 60


async def test_a_refusal_is_held_back_and_nothing_else(
    limited: RateLimits, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_limits, "REFUSED_AFTER_SECONDS", 2)
    limits(booking=2)
    clock = asyncio.get_running_loop().time
    took = []
    for expected in (200, 200, 429):
        began = clock()
        assert (await book(limited, bearer("ada"))).status == expected
        took.append(clock() - began)
    assert max(took[:2]) < 2 <= took[2]


async def test_who_asks_too_often_is_told_when_to_come_back(
    limited: RateLimits, limits: Limits
) -> None:
    limits(booking=2)
    *passed, refused, again = [await book(limited, bearer("ada")) for _ in range(4)]
    assert [reply.status for reply in passed] == [200, 200]
    for reply in (refused, again):  # by Redis, and from memory
        problem, wait = reply.problem, int(reply.headers["retry-after"])
        assert (reply.status, problem["status"], problem["code"]) == (429, 429, "rate-limited")
        assert problem["detail"] == f"Ask again in {wait} s."
        assert (problem["limit"], problem["retry_after_seconds"]) == ("booking", wait)
        # A full window: first it must end, then half of it must lie a window back.
        assert 85 < wait <= 90
        assert reply.headers["ratelimit-limit"] == "2"
        assert reply.headers["ratelimit-remaining"] == "0"
        assert int(reply.headers["ratelimit-reset"]) >= wait
        assert "x-inner" not in reply.headers
        assert reply.headers["content-length"] == str(len(reply.text.encode()))


async def test_a_person_who_asks_too_often_sees_a_page(limited: RateLimits, limits: Limits) -> None:
    limits(read=1)
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    pages = [await ask(limited, "/developers/", headers=browser) for _ in range(2)]
    assert [page.status for page in pages] == [200, 429]
    assert pages[1].headers["content-type"] == "text/html; charset=utf-8"
    assert int(pages[1].headers["retry-after"]) > 0
    assert "Wait a minute or two, then load the page again." in pages[1].text
    german = await ask(limited, "/developers/", headers={**browser, "Accept-Language": "de"})
    assert "Zu viele Anfragen." in german.text
    program = await ask(limited, "/api/v1/bookings", headers=browser)
    assert program.problem["code"] == "rate-limited"


@pytest.mark.parametrize(
    "headers", [{"Accept-Language": "de-AT,en;q=0.5"}, {"Cookie": "a=b; django_language=de"}]
)
async def test_a_refusal_speaks_the_callers_language(
    limited: RateLimits, limits: Limits, headers: dict[str, str]
) -> None:
    limits(booking=1)
    await book(limited)
    assert (await book(limited)).problem["title"] == "Too many requests."
    assert (await book(limited, headers)).problem["title"] == "Zu viele Anfragen."


async def test_scripts_of_allowed_origins_may_read_a_refusal(
    limited: RateLimits, limits: Limits, settings: Settings
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    limits(booking=1)
    await book(limited)
    ours = await book(limited, {"Origin": "https://app.example.com"})
    assert ours.status == 429
    assert ours.headers["access-control-allow-origin"] == "https://app.example.com"
    exposed = ours.headers["access-control-expose-headers"]
    assert {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"} <= set(
        exposed.split(", ")
    )
    theirs = await book(limited, {"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in theirs.headers


async def test_a_websocket_too_many_is_refused_before_it_opens(
    limited: RateLimits, limits: Limits
) -> None:
    limits(live=1)
    opened = await shake_hands(limited)
    assert opened.messages[0]["type"] == "websocket.accept"
    assert opened.headers["ratelimit-remaining"] == "0"
    refused = await shake_hands(limited, extensions={"websocket.http.response": {}})
    assert refused.messages[0]["type"] == "websocket.http.response.start"
    assert (refused.status, refused.problem["code"]) == (429, "rate-limited")
    assert int(refused.headers["retry-after"]) > 0
    closed = await shake_hands(limited)
    assert [(m["type"], m["code"]) for m in closed.messages] == [("websocket.close", 1013)]


async def test_files_of_the_site_have_a_budget_of_their_own(
    limited: RateLimits, limits: Limits
) -> None:
    limits(static=3, **{"global": 1, "address": 1})
    replies = [await ask(limited, "/static/evently/live.js") for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert replies[-1].problem["limit"] == "static"


async def test_the_metrics_tell_what_passed_and_which_tier_refused(
    limited: RateLimits, limits: Limits
) -> None:
    limits(booking=2)
    allowed, refused = counted(LIMIT_ALLOWED), counted(LIMIT_REFUSED)
    for _ in range(5):
        await book(limited, bearer("ada"))
    assert counted(LIMIT_ALLOWED)["booking"] == allowed["booking"] + 2
    assert counted(LIMIT_REFUSED)["booking"] == refused["booking"] + 3


# --- Whose budget it is -------------------------------------------------------------------------


def session(user: str) -> dict[str, str]:
    """The cookie of somebody who is logged in."""
    key = blake2b(user.encode(), digest_size=16).hexdigest()
    cache.set(SessionStore.cache_key_prefix + key, {SESSION_KEY: str(id_of(user))})
    return {"Cookie": f"a=b; {configured.SESSION_COOKIE_NAME}={key}; c=d"}


@pytest.mark.parametrize("by", [bearer, session])
async def test_two_people_behind_one_address_have_a_budget_each(
    limited: RateLimits, limits: Limits, by: Callable[[str], dict[str, str]]
) -> None:
    limits(booking=2, user=50)
    assert [(await book(limited, by("ada"))).status for _ in range(3)] == [200, 200, 429]
    assert [(await book(limited, by("bob"))).status for _ in range(3)] == [200, 200, 429]
    assert [(await book(limited)).status for _ in range(3)] == [200, 200, 429]


async def test_one_person_has_one_budget_at_all_addresses(
    limited: RateLimits, limits: Limits
) -> None:
    limits(user=3)
    replies = [
        await ask(limited, f"/{number}", client=f"192.0.2.{number}", headers=bearer("ada"))
        for number in range(5)
    ]
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert replies[-1].problem["limit"] == "user"
    assert (await ask(limited, "/", headers=bearer("bob"))).status == 200


def tampered(token: str) -> str:
    head, _, signature = token.rpartition(".")
    return f"{head}.{signature[::-1]}"


def expired() -> str:
    return make_token(good_claims(str(id_of("ada"))) | {"exp": 1})


def without_signature() -> str:
    return unsigned(good_claims(str(id_of("ada"))))


def of_another_kind() -> str:
    return make_token(good_claims(str(id_of("ada")), kind="refresh"))


@pytest.mark.parametrize(
    "token",
    [
        tampered(token_of("ada")),
        expired(),
        without_signature(),
        of_another_kind(),
        "x",
        "a b",
        "",
    ],
    ids=["tampered", "expired", "unsigned", "refresh", "no token", "two words", "empty"],
)
async def test_a_token_that_is_not_valid_uses_nobodys_budget(
    limited: RateLimits, limits: Limits, token: str
) -> None:
    limits(booking=2)
    forged = {"Authorization": f"Bearer {token}"}
    replies = [await book(limited, forged, client="198.51.100.66") for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 429, 429]
    assert [(await book(limited, bearer("ada"))).status for _ in range(3)] == [200, 200, 429]


async def test_guessing_passwords_is_counted_by_address_whatever_cookies_come_along(
    limited: RateLimits, limits: Limits
) -> None:
    limits(login=2)
    found = [
        await ask(
            limited,
            "/accounts/login/",
            method="POST",
            headers={"Cookie": f"{configured.SESSION_COOKIE_NAME}={number}"},
        )
        for number in range(4)
    ]
    assert [reply.status for reply in found] == [200, 200, 429, 429]
    api = await ask(limited, "/api/v1/auth/login", method="POST", headers=bearer("ada"))
    assert (api.status, api.problem["limit"]) == (429, "login")


async def test_an_address_has_one_budget_for_everything(
    limited: RateLimits, limits: Limits
) -> None:
    limits(address=3)
    people = ["ada", "bob", "eve", "joe"]
    replies = [await ask(limited, f"/{name}", headers=bearer(name)) for name in people]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert replies[-1].problem["limit"] == "address"
    assert (await ask(limited, client="192.0.2.2")).status == 200


async def test_ipv6_is_counted_by_the_network_of_a_client(
    limited: RateLimits, limits: Limits
) -> None:
    limits(address=2)
    clients = ["2001:db8:1:1::1", "2001:db8:1:1:ffff::2", "2001:db8:1:1::3", "2001:db8:1:2::1"]
    found = [(await ask(limited, client=client)).status for client in clients]
    assert found == [200, 200, 429, 200]
    # Addresses of IPv4 written as IPv6 lie in one such network, all of them.
    mapped = [(await ask(limited, client=f"::ffff:192.0.2.{n}")).status for n in range(4)]
    assert mapped == [200] * 4


async def test_a_session_and_a_token_of_one_person_share_a_budget(
    limited: RateLimits, limits: Limits
) -> None:
    limits(booking=2)
    replies = [await book(limited, shown) for shown in (bearer("ada"), session("ada")) * 2]
    assert [reply.status for reply in replies] == [200, 200, 429, 429]


@pytest.mark.parametrize("key", ["{:032x}", "invented{}", "é{}", "{:0400x}"])
async def test_an_invented_session_is_nobodys(
    limited: RateLimits, limits: Limits, key: str
) -> None:
    """It brings no budget of its own, and no part of everybody's that is kept for people."""
    limits(booking=2, **{"global": 100})
    cookies = [
        {"Cookie": f"{configured.SESSION_COOKIE_NAME}={key.format(number)}"} for number in range(3)
    ]
    assert [(await book(limited, cookie)).status for cookie in cookies] == [200, 200, 429]
    await use_up(limited, 58)
    assert (await ask(limited, "/page", headers=cookies[0])).problem["limit"] == "global"


async def test_a_session_in_which_nobody_is_logged_in_is_a_strangers(
    limited: RateLimits, limits: Limits
) -> None:
    limits(booking=1)
    cookie, key = session("ada"), SessionStore.cache_key_prefix
    cache.set(key + cookie["Cookie"].split("sessionid=")[1][:32], {"wizard": "step 2"})
    assert [(await book(limited, shown)).status for shown in (cookie, {})] == [200, 429]


async def use_up(limited: RateLimits, number: int) -> None:
    """So many requests of strangers from as many addresses: all that pass for their class."""
    replies = [await ask(limited, f"/{n}", client=f"198.51.100.{n}") for n in range(number + 2)]
    assert [reply.status for reply in replies] == [200] * number + [429] * 2
    assert replies[-1].problem["limit"] == "global"


async def test_everybodys_budget_is_refused_to_strangers_first_and_to_buyers_last(
    limited: RateLimits, limits: Limits
) -> None:
    limits(**{"global": 20})

    async def passes(method: str, path: str, headers: dict[str, str]) -> bool:
        answer = await ask(limited, path, method=method, headers=headers)
        return answer.status == 200

    async def allowed() -> list[bool]:
        """Of each class, beginning with the first to be refused. All use the same budget."""
        return [
            await passes("GET", "/page", {}),
            await passes("POST", "/api/v1/auth/login", {}),
            await passes("GET", "/page", bearer("ada")),
            await passes("POST", BOOKINGS, bearer("ada")),
        ]

    await use_up(limited, 12)
    found = [await allowed() for _ in range(5)]
    # Twelve are used up, then 15, then 18; what is left then is for buyers alone.
    assert found == [
        [False, True, True, True],
        [False, True, True, True],
        [False, False, False, True],
        [False, False, False, True],
        [False, False, False, False],
    ]


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/api/v1/bookings", "booking"),
        ("POST", "/events/0190a0de-0000-7000-8000-000000000000/book", "booking"),
        ("GET", "/api/v1/bookings", "read"),
        ("POST", "/api/v1/bookings/ABCD/cancel", "write"),
        ("POST", "/api/v1/auth/login", "login"),
        ("POST", "/api/v1/auth/register", "login"),
        ("POST", "/api/v1/auth/refresh", "write"),
        ("POST", "/accounts/login/", "login"),
        ("POST", "/accounts/signup/", "login"),
        ("POST", "/accounts/password/reset/", "login"),
        ("POST", "/admin/login/", "login"),
        ("POST", "/developers/token", "login"),
        ("GET", "/accounts/login/", "read"),
        ("GET", "/", "search"),
        ("HEAD", "/api/v1/events", "search"),
        ("GET", "/api/v1/events/popular", "search"),
        ("GET", "/api/v1/events/0190a0de-0000-7000-8000-000000000000", "read"),
        ("PATCH", "/api/v1/events/0190a0de-0000-7000-8000-000000000000", "write"),
        ("DELETE", "/anything", "write"),
        ("POST", "/anymail/sendgrid/tracking/", "webhook"),
    ],
)
def test_each_endpoint_has_its_own_figure(method: str, path: str, name: str) -> None:
    assert endpoint_of({"type": "http", "method": method, "path": path}).name == name


def test_booking_is_the_strictest_of_all() -> None:
    figures = dict(configured.RATE_LIMIT_PER_MINUTE)
    booking = figures.pop("booking")
    assert all(booking < figure for figure in figures.values())
    assert (figures["global"], figures["address"]) == (10_000, 1_000)


# --- What the layers inside learn ---------------------------------------------------------------


async def test_the_verified_claims_are_there_for_the_layers_inside() -> None:
    scopes: list[Any] = []

    async def look(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await ok(scope, receive, send)

    layer = RateLimits(look)
    for headers in (bearer("ada"), {"Authorization": f"Bearer {tampered(token_of('ada'))}"}, {}):
        await ask(layer, headers=headers)
    await layer.close()
    claims, forged = [scope["evently.claims"] for scope in scopes[:2]]
    assert claims["sub"] == str(id_of("ada"))
    assert forged is None
    assert claims_of(scopes[2]) is None


def test_claims_are_verified_once_and_without_this_layer() -> None:
    scope: dict[str, Any] = {
        "headers": [(b"authorization", bearer("ada")["Authorization"].encode())]
    }
    claims = claims_of(scope)
    assert claims
    assert claims["sub"] == str(id_of("ada"))
    scope["headers"] = []
    assert claims_of(scope) is claims


async def test_what_is_no_request_passes(limited: RateLimits) -> None:
    passed = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope)

    limited.inner = inner
    await limited({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert passed == [{"type": "lifespan"}]
