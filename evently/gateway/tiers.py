"""The limits that a request falls under: everybody's, its address's, its person's, its endpoint's.

The figures are settings (`RATE_LIMIT_…`, requests a minute).

Everybody's budget is shared by class (`SHARES`): the more of it is used, the fewer classes may use
the rest. A crowd of strangers, from however many addresses, leaves what people need who are logged
in, and a sale goes on to the last.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings

from evently.networks import network_of

# Where a request carries the budgets that it uses only if it comes past the edge cache.
DUE = "evently.limits_due"
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
# Files of the site: browsers keep them, and no page needs many.
STATIC = Endpoint("static", re.compile(""), by_address=True)
READING = frozenset({SEARCH, READ, LIVE})


# How much of everybody's budget may be used up when a request of the class still passes.
SHARES = {
    "reading": 0.6,  # pages and lists for strangers; what the edge cache has does not count
    "kept": 0.7,  # those that the edge cache then has for everybody
    "strangers": 0.8,  # what strangers send: log-ins, registrations, reports of the mail provider
    "people": 0.9,  # whatever is asked by somebody who is logged in
    "booking": 1.0,  # bookings by somebody who is logged in
}


def tiers_of(scope: Any, person: str) -> tuple[Tier, ...]:
    """The budgets that the request uses but for everybody's, the widest first.

    Args:
        person: stands for who is known to be logged in; empty for a stranger.
    """
    return budgets(client_of(scope), person, endpoint_of(scope))


def shared_tier_of(scope: Any, person: str) -> Tier:
    """Everybody's budget, as far as the request's class may use it."""
    endpoint = endpoint_of(scope)
    if not person:
        return shared_tier("reading" if endpoint in READING else "strangers")
    return shared_tier("booking" if endpoint is BOOKING else "people")


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
    wide, last = (_tier("address", address),), _tier(endpoint.name, caller)
    return (*wide, _tier("user", person), last) if person else (*wide, last)


@lru_cache(maxsize=len(SHARES))
def shared_tier(name: str) -> Tier:
    whole = _tier("global", "all")
    return whole._replace(limit=max(1, round(whole.limit * SHARES[name])))


def static_tiers_of(scope: Any) -> tuple[Tier, ...]:
    """The budget for files of the site, which use no other."""
    return (_tier(STATIC.name, client_of(scope)),)


def _tier(name: str, who: str) -> Tier:
    return Tier(name, f"evently:limit:{name}:{who}", settings.RATE_LIMIT_PER_MINUTE[name])
