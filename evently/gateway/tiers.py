"""The limits that a request falls under: everybody's, its address's, its person's, its endpoint's.

The figures are settings (`RATE_LIMIT_…`, requests a minute).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings

from evently.addresses import network_of
from evently.gateway.callers import person_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Tier(NamedTuple):
    """One budget: `limit` requests a minute for all that share the key."""

    name: str
    key: str
    limit: int


@dataclass(frozen=True, eq=False)
class Endpoint:
    """Addresses with one budget for each caller.

    Args:
        by_address: for what is done by strangers: whoever guesses passwords must not get a new
            budget with every invented session.
    """

    name: str
    path: re.Pattern[str]
    by_address: bool = False


BOOKING = Endpoint("booking", re.compile(r"/api/v1/bookings|/events/[^/]+/book"))
LOGIN = Endpoint(
    "login",
    re.compile(
        r"/api/v1/auth/(login|register)|/developers/token"
        r"|/(accounts|admin)/login/|/accounts/(signup|password/reset|reauthenticate)/"
    ),
    by_address=True,
)
# A provider reports on all our mail from a few addresses, a batch in each request.
WEBHOOK = Endpoint("webhook", re.compile(r"/anymail/[^/]+/tracking/"), by_address=True)
SEARCH = Endpoint("search", re.compile(r"/|/api/v1/events(/popular)?"))
LIVE = Endpoint("live", re.compile(""))
READ = Endpoint("read", re.compile(""))
WRITE = Endpoint("write", re.compile(""))


def tiers_of(scope: Any) -> tuple[Tier, ...]:
    """The budgets that the request uses, the widest first."""
    address = client_of(scope)
    person = person_of(scope)
    endpoint = endpoint_of(scope)
    return budgets(address, person, endpoint)


def client_of(scope: Any) -> str:
    """The client's address; of IPv6 the /64, in which one client has as many as it likes."""
    client = scope.get("client")
    return network_of(client[0]) if client else "unknown"


def endpoint_of(scope: Any) -> Endpoint:
    if scope["type"] == "websocket":
        return LIVE
    if scope["method"] in SAFE:
        return SEARCH if SEARCH.path.fullmatch(scope["path"]) else READ
    for endpoint in (BOOKING, LOGIN, WEBHOOK):
        if endpoint.path.fullmatch(scope["path"]):
            return endpoint
    return WRITE


@lru_cache(maxsize=4096)
def budgets(address: str, person: str, endpoint: Endpoint) -> tuple[Tier, ...]:
    """Those of this address, person (empty: a stranger) and endpoint; made once."""
    caller = address if endpoint.by_address or not person else person
    wide, last = (_tier("global", "all"), _tier("address", address)), _tier(endpoint.name, caller)
    return (*wide, _tier("user", person), last) if person else (*wide, last)


def _tier(name: str, who: str) -> Tier:
    return Tier(name, f"evently:limit:{name}:{who}", settings.RATE_LIMIT_PER_MINUTE[name])
