"""Floods from many addresses: they use up what strangers may use, and others go on."""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from django.conf import settings

from tests.live_server import LiveEvently, Sale, Web
from tests.security.attack import DJANGO_PAGE, KEPT_PAGE, Bystanders

ADDRESSES = [f"127.0.7.{number}" for number in range(1, 21)]
EVERYBODY = 500


@pytest.fixture
def web(evently: LiveEvently) -> Iterator[Web]:
    """A server with a budget for everybody that a test can use up."""
    evently.heal()
    evently.forget_limits()
    with evently.another_web(RATE_LIMIT_GLOBAL=str(EVERYBODY)) as web:
        yield web
    evently.forget_limits()


def flood(web: Web, path: str, each: int, **headers: str) -> Counter[int]:
    """So many requests from each of twenty addresses, at once; the statuses of the answers."""
    sent = {
        "Accept": "text/html",
        "Host": "127.0.0.1",
        **{name.title(): value for name, value in headers.items()},
    }

    def ask(address: str) -> Counter[int]:
        connection = HTTPConnection("127.0.0.1", web.port, 60, source_address=(address, 0))
        found: Counter[int] = Counter()
        for number in range(each):
            connection.request("HEAD", path.format(number), headers=sent)
            answer = connection.getresponse()
            answer.read()
            found[answer.status] += 1
        connection.close()
        return found

    with ThreadPoolExecutor(len(ADDRESSES)) as pool:
        return sum(pool.map(ask, ADDRESSES), Counter())


def test_kept_pages_use_nothing_of_everybodys_budget(
    evently: LiveEvently, sale: Sale, web: Web
) -> None:
    with Bystanders(evently, sale, web) as bystanders:
        assert flood(web, KEPT_PAGE, 100) == {200: 2_000}
        bystanders.are_served()


def test_a_flood_of_pages_leaves_what_buyers_need(
    evently: LiveEvently, sale: Sale, web: Web
) -> None:
    buyers = iter(sale.tokens)
    assert evently.ask(KEPT_PAGE, port=web.port).status == 200
    found = flood(web, DJANGO_PAGE, 25)
    assert found.keys() == {200, 429}
    assert found[200] <= EVERYBODY * 0.6
    # More strangers are refused, and whoever is logged in is not.
    assert evently.ask(DJANGO_PAGE, port=web.port).status == 429
    for buyer in (next(buyers) for _ in range(10)):
        assert evently.book(sale, buyer, port=web.port).code == "booked"
        assert evently.ask("/api/v1/bookings", token=buyer, port=web.port).status == 200
    assert evently.ask(KEPT_PAGE, port=web.port).status == 200
    assert evently.metric("evently_gateway_refused_total", port=web.port) == 0


def test_invented_sessions_and_tokens_do_not_pass_for_people(
    evently: LiveEvently, sale: Sale, web: Web
) -> None:
    for headers in (
        {"cookie": f"{settings.SESSION_COOKIE_NAME}=abcdefghijklmnopqrstuvwxyz012345"},
        {"authorization": "Bearer " + sale.tokens[0][:-6] + "forged"},
    ):
        evently.forget_limits()
        found = flood(web, "/bookings/", 25, **headers)
        assert found[429] >= 500 - EVERYBODY * 0.6, headers
        assert evently.book(sale, sale.tokens[1], port=web.port).status in {201, 409}


def test_a_flood_writes_some_lines_and_not_thousands(evently: LiveEvently, web: Web) -> None:
    before = len(evently.log.read_text().splitlines())
    assert flood(web, DJANGO_PAGE, 25)[429] > 150
    refused = [
        line for line in evently.log.read_text().splitlines()[before:] if re.search(r" 429 ", line)
    ]
    assert 1 <= len(refused) <= 10
