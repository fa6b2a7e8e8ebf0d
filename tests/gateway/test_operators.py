"""Who may read the metrics, and which part is out: METRICS_NETWORKS and METRICS_TOKEN."""

import json
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from django.conf import settings as real_settings
from pytest_django import Settings

from evently import parts
from evently.gateway import health
from evently.gateway.clients import Clients
from tests.gateway.asking import ask, ok

TOKEN = "a token of forty signs for the monitoring"
OPERATOR, STRANGER, PROXY = "198.51.100.7", "203.0.113.9", "10.0.0.1"
BEARER = {"Authorization": f"Bearer {TOKEN}"}

DOWN, OK = {"status": "down"}, {"status": "ok"}


@pytest.fixture
def gate(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """The layers in their order; one network may look, the proxy is trusted, the mail is out."""
    settings.METRICS_NETWORKS = [ip_network("198.51.100.0/24"), ip_network("2001:db8::/32")]
    settings.METRICS_TOKEN = ""
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    monkeypatch.setattr(parts, "check_parts", lambda: {"database": OK, "mail": DOWN})
    # Which figures there are, other tests say; those of the rows would need the database.
    monkeypatch.setattr(health, "metrics_text", lambda: "evently_figure 1\n")
    gate = health.HealthGate(ok)
    yield Clients(gate)
    gate._close()


async def may_look(gate: Clients, *, client: str, headers: dict[str, str] | None = None) -> bool:
    """Whether metrics and details are shown; neither is without the other."""
    metrics = await ask(gate, "/metrics", client=client, headers=headers)
    ready = await ask(gate, "/health/ready", client=client, headers=headers)
    told: dict[str, Any] = json.loads(ready.text)
    assert (ready.status, told["status"]) == (200, "degraded")
    assert (metrics.status == 200) == ("parts" in told)
    if metrics.status != 200:
        assert (metrics.status, metrics.problem["code"]) == (404, "not-found")
        assert told == {"status": "degraded"}
        return False
    assert "evently_" in metrics.text
    assert told["parts"]["mail"] == DOWN
    return True


@pytest.mark.parametrize(
    ("client", "may"),
    [
        (OPERATOR, True),
        ("2001:db8::5", True),
        (f"::ffff:{OPERATOR}", True),
        ("198.51.101.7", False),
        (STRANGER, False),
        ("2001:db9::5", False),
        ("127.0.0.1", False),
        ("not an address", False),
    ],
)
async def test_the_networks_decide(gate: Clients, client: str, may: bool) -> None:
    assert await may_look(gate, client=client) is may


async def test_without_networks_nobody_may_look(gate: Clients, settings: Settings) -> None:
    settings.METRICS_NETWORKS = []
    assert not await may_look(gate, client=OPERATOR)
    assert not await may_look(gate, client="127.0.0.1")


def test_by_default_this_machine_alone_may_look() -> None:
    assert [str(network) for network in real_settings.METRICS_NETWORKS] == [
        "127.0.0.0/8",
        "::1/128",
    ]


@pytest.mark.parametrize(
    ("shown", "may"),
    [
        (f"Bearer {TOKEN}", True),
        (f"Bearer {TOKEN[:-1]}", False),
        (f"Bearer {TOKEN}x", False),
        (f"Basic {TOKEN}", False),
        (TOKEN, False),
        ("Bearer ", False),
        ("Bearer", False),
        ("", False),
    ],
)
async def test_the_token_opens_from_anywhere(
    gate: Clients, settings: Settings, shown: str, may: bool
) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert await may_look(gate, client=STRANGER, headers={"Authorization": shown}) is may
    assert not await may_look(gate, client=STRANGER)
    assert await may_look(gate, client=OPERATOR)


@pytest.mark.parametrize("shown", ["Bearer ", "Bearer", "", f"Bearer {TOKEN}"])
async def test_no_token_is_set_so_none_is_right(gate: Clients, shown: str) -> None:
    assert not await may_look(gate, client=STRANGER, headers={"Authorization": shown})


@pytest.mark.parametrize(
    ("peer", "forwarded", "may"),
    [
        (PROXY, OPERATOR, True),
        (PROXY, STRANGER, False),
        # What the caller wrote itself stands before what the proxy added.
        (PROXY, f"{OPERATOR}, {STRANGER}", False),
        (STRANGER, OPERATOR, False),
        # The proxy stands in an allowed network, but nobody said that it can be trusted.
        (OPERATOR, STRANGER, False),
        (OPERATOR, "127.0.0.1", False),
    ],
)
async def test_behind_a_proxy_the_real_address_counts(
    gate: Clients, peer: str, forwarded: str, may: bool
) -> None:
    assert await may_look(gate, client=peer, headers={"X-Forwarded-For": forwarded}) is may


async def test_the_proxy_itself_is_no_operator_for_its_callers(
    gate: Clients, settings: Settings
) -> None:
    settings.METRICS_NETWORKS = [ip_network(PROXY)]
    assert not await may_look(gate, client=PROXY, headers={"X-Forwarded-For": STRANGER})
    assert await may_look(gate, client=PROXY)


async def test_the_token_opens_behind_a_proxy_that_is_not_trusted(
    gate: Clients, settings: Settings
) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert await may_look(gate, client=STRANGER, headers={**BEARER, "X-Forwarded-For": STRANGER})


def test_clients_are_known_before_health_is_asked() -> None:
    layers = real_settings.GATEWAY
    assert layers.index("evently.gateway.clients.Clients") < layers.index(
        "evently.gateway.health.HealthGate"
    )
