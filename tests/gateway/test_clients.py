"""Whose request it is, behind proxies that are trusted and others that are not."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from evently import env
from evently.checks import check_protection
from evently.gateway.clients import Clients
from evently.gateway.limits import RateLimits
from tests.gateway.asking import ask, ok, shake_hands

PROXY, OTHER_PROXY, STRANGER = "10.0.0.1", "10.0.0.2", "203.0.113.9"


@pytest.fixture
def behind_proxies(settings: Settings) -> Clients:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
    return Clients(ok)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        (STRANGER, "192.0.2.7", STRANGER),
        (STRANGER, PROXY, STRANGER),
        (PROXY, None, PROXY),
        (PROXY, "192.0.2.7", "192.0.2.7"),
        (PROXY, "198.51.100.1, 192.0.2.7", "192.0.2.7"),
        (PROXY, f"198.51.100.1, 192.0.2.7, {OTHER_PROXY}", "192.0.2.7"),
        (PROXY, f"10.9.9.9, {OTHER_PROXY}", "10.9.9.9"),
        (PROXY, "192.0.2.7:51234", "192.0.2.7"),
        (PROXY, "2001:db8::7", "2001:db8::7"),
        (PROXY, "[2001:db8::7]:51234", "2001:db8::7"),
        (PROXY, "[2001:db8::7]", "2001:db8::7"),
        (PROXY, "::ffff:192.0.2.7", "192.0.2.7"),
        (f"::ffff:{PROXY}", "192.0.2.7", "192.0.2.7"),
        ("fd00::1", "192.0.2.7", "192.0.2.7"),
        # What cannot be read ends the search at the last address that somebody trusted told.
        (PROXY, "nonsense", PROXY),
        (PROXY, "", PROXY),
        (PROXY, "192.0.2.7, ", PROXY),
        (PROXY, "unknown, 192.0.2.7", "192.0.2.7"),
        (PROXY, f"192.0.2.7, nonsense, {OTHER_PROXY}", OTHER_PROXY),
        (PROXY, "192.0.2.999", PROXY),
        (PROXY, "fe80::1%anything", PROXY),
    ],
)
async def test_the_client_is_the_last_one_that_no_proxy_of_ours_is(
    behind_proxies: Clients, peer: str, forwarded: str | None, client: str
) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    assert (await ask(behind_proxies, client=peer, headers=headers)).text == client


async def test_several_headers_are_read_as_one(behind_proxies: Clients) -> None:
    seen: list[Any] = []

    async def look(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    behind_proxies.inner = look
    forwarded = [(b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-for", b"192.0.2.7")]
    for kind in ("http", "websocket"):
        scope: Any = {"type": kind, "client": (PROXY, 1), "headers": forwarded}
        await behind_proxies(scope, None, None)  # type: ignore[arg-type]
    assert [scope["client"] for scope in seen] == [("192.0.2.7", 0)] * 2


async def test_without_trusted_proxies_the_header_is_nobodys_word(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = []
    reply = await ask(Clients(ok), client=PROXY, headers={"X-Forwarded-For": "192.0.2.7"})
    assert reply.text == PROXY


async def test_a_peer_without_an_address_stays_without(behind_proxies: Clients) -> None:
    reply = await shake_hands(behind_proxies, client=None)
    assert reply.messages[0]["type"] == "websocket.accept"


async def test_whoever_has_no_address_is_limited_as_one(limited: RateLimits) -> None:
    replies = [await shake_hands(limited, client=None) for _ in range(2)]
    assert [reply.headers["ratelimit-remaining"] for reply in replies] == ["299", "298"]


def test_networks_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7,fd00::/8")
    assert list(map(str, env.networks("TRUSTED_PROXIES"))) == [
        "10.0.0.0/8",
        "192.0.2.7/32",
        "fd00::/8",
    ]
    monkeypatch.delenv("TRUSTED_PROXIES")
    assert env.networks("TRUSTED_PROXIES") == []


@pytest.mark.parametrize(
    ("networks", "behind_tls", "warnings"),
    [
        (["10.0.0.0/8"], True, set()),
        ([], False, set()),
        ([], True, {"evently.W006"}),
        (["10.0.0.0/8", "0.0.0.0/0"], True, {"evently.W005"}),
        (["::/0"], False, {"evently.W005"}),
    ],
)
def test_the_check_before_deployment_knows_unsafe_proxies(
    settings: Settings, networks: list[str], behind_tls: bool, warnings: set[str]
) -> None:
    settings.TRUSTED_PROXIES = [ip_network(network) for network in networks]
    header = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_PROXY_SSL_HEADER = header if behind_tls else None
    found = {message.id for message in check_protection(None)}
    assert found & {"evently.W005", "evently.W006"} == warnings


@pytest.mark.parametrize("value", ["10.0.0.1/8", "proxy.example.com", "10.0.0.0/33"])
def test_a_network_that_is_none_stops_the_program(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", value)
    with pytest.raises(ImproperlyConfigured, match=f"TRUSTED_PROXIES is '{value}'"):
        env.networks("TRUSTED_PROXIES")
