"""How many connections one address may hold, and all together."""

from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_network

import pytest

from evently.server.connections import Connections, Limits
from tests.live_server import LiveEvently, eventually
from tests.security.attack import Bystanders, raw_sockets
from tests.security.test_slow_connections import HANDSHAKE, LONG
from tests.server.bare import GET, bare_server, read_to_end, status_of

ONE_ADDRESS = "127.0.0.9"
MOST = Limits().per_address


def test_one_address_holds_its_share_and_no_more(
    evently: LiveEvently, bystanders: Bystanders
) -> None:
    assert MOST is not None
    with (
        bystanders,
        raw_sockets(evently.port, MOST, source=ONE_ADDRESS),
        raw_sockets(evently.port, 40, source=ONE_ADDRESS) as over,
    ):
        bystanders.are_served()
        assert {status_of(read_to_end(each)) for each in over} <= {503, 0}
        refused = evently.ask("/metrics").body
        assert 'evently_connections_refused_total{bound="address"} ' in refused
        eventually(lambda: evently.metric("evently_connections") > MOST, "they are counted")


def test_the_connections_over_the_bound_are_refused_and_the_others_served() -> None:
    with bare_server(replace(LONG, per_address=5)) as server, ExitStack() as stack:
        held = [stack.enter_context(server.connect()) for _ in range(4)]
        held.append(stack.enter_context(server.connect(HANDSHAKE % b"/")))
        assert status_of(held[-1].recv(65_536)) == 101  # a websocket counts like any other
        assert status_of(server.ask(GET)) in {503, 0}
        held[0].sendall(GET)
        assert status_of(held[0].recv(65_536)) == 200
        held[-1].close()
        eventually(lambda: len(server.connections) == 4, "its place is free")
        with server.connect(GET) as another:
            assert status_of(another.recv(65_536)) == 200


def test_all_connections_together_are_bounded() -> None:
    """Also those of a trusted proxy, which has no bound of its own."""
    limits = replace(LONG, per_address=1, in_all=3, trusted=(ip_network("127.0.0.0/8"),))
    with bare_server(limits) as server, ExitStack() as stack:
        held = [stack.enter_context(server.connect(GET)) for _ in range(3)]
        assert {status_of(each.recv(65_536)) for each in held} == {200}
        assert status_of(server.ask(GET)) in {503, 0}


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_an_address_is_one_ipv4_address_or_one_ipv6_64(
    one: str, other: str, together: bool
) -> None:
    connections = Connections(Limits())
    assert (connections.client_of(one) == connections.client_of(other)) == together


def test_trusted_proxies_count_for_nobody() -> None:
    connections = Connections(Limits(trusted=(ip_network("10.0.0.0/8"),)))
    assert connections.client_of("10.1.2.3") == ""
    assert connections.client_of("11.1.2.3") != ""


def test_open_files_are_reported(evently: LiveEvently) -> None:
    eventually(lambda: evently.metric("evently_open_files") > 10, "they are counted")
    assert evently.metric("evently_open_files_limit") >= evently.metric("evently_open_files")
