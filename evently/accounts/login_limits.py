"""Limits for wrong passwords: one rule for every place that asks for a password.

These are the log-in by page, API and admin, the form that asks for the password again, and the old
password beside a new one: all use `counted`. An attempt is counted before the password is checked,
so that a hundred attempts at once do not pass the limit. It is not counted any more when the
password is right.

A browser or program that has logged in before proves it (`evently.accounts.devices`) and has a
budget of its own: strangers cannot lock it out (OWASP, "Slow Down Online Guessing Attacks with
Device Cookies"). All others share the budgets of their address, of the account, and of the two
together. Attempts that are refused use nothing up. An e-mail address without an account is counted
like any other, so the answers do not show which address has one.

Without Redis each process counts for itself: guessing is slowed down less, and log-ins go on.
"""

import hashlib
import logging
import math
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from evently.accounts.devices import device_of
from evently.accounts.errors import TooManyLogins
from evently.accounts.metrics import LOGINS_COUNTED_LOCALLY, LOGINS_FAILED, LOGINS_REFUSED
from evently.breaker import Breaker
from evently.networks import network_of

logger = logging.getLogger(__name__)


class Budget(NamedTuple):
    """So many wrong passwords in so many seconds, counted from the first of them."""

    name: str
    failures: int
    seconds: int


DEVICE = Budget("device", 10, 15 * 60)
PAIR = Budget("address and account", 5, 5 * 60)
# Many people may share an address; trying one password on many accounts takes many attempts.
ADDRESS = Budget("address", 30, 15 * 60)
# From many addresses: a hundred guesses a day at most (NIST SP 800-63B-4 §3.2.2).
ACCOUNT = Budget("account", 20, 60 * 60)
ACCOUNT_DAY = Budget("account in a day", 100, 24 * 60 * 60)

# KEYS: the counters. ARGV: for each its limit and the milliseconds it lasts. Gives how long to wait
# (0: counted), then the place of the budget that says so, or of the one that is used up by this.
TAKE = """
local wait, place = 0, 0
for i, key in ipairs(KEYS) do
    local used = tonumber(redis.call('GET', key) or '0')
    if used >= tonumber(ARGV[2 * i - 1]) then
        local left = redis.call('PTTL', key)
        if left > wait then wait, place = left, i end
    end
end
if place > 0 then return {wait, place} end
for i, key in ipairs(KEYS) do
    local used = redis.call('INCR', key)
    if used == 1 then redis.call('PEXPIRE', key, ARGV[2 * i]) end
    if used == tonumber(ARGV[2 * i - 1]) then place = i end
end
return {0, place}
"""
GIVE_BACK = """
for _, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end
"""
MOST_COUNTERS = 10_000

Counters = dict[str, Budget]
# Milliseconds to wait, and the place of the budget that it comes from.
Taken = tuple[int, int]


class Attempt:
    """A password under examination; `is_right` is for the caller to set."""

    is_right = False


@contextmanager
def counted(request: HttpRequest, email: str) -> Iterator[Attempt]:
    """Count the attempt of the block as a failure, unless its password was right.

    Raises:
        TooManyLogins: a budget is used up; the block does not begin.
    """
    attempt = Attempt()
    if not settings.RATE_LIMITS:
        yield attempt
        return
    counters = counters_of(request, email)
    store = _take(counters)
    try:
        yield attempt
    except BaseException:
        # It broke before anybody knew whether the password was right.
        store.give_back(list(counters))
        raise
    if attempt.is_right:
        store.give_back(list(counters))
    else:
        LOGINS_FAILED.inc()


def counters_of(request: HttpRequest, email: str) -> Counters:
    """The counters that an attempt falls under, by their key."""
    account = account_of(email)
    if device := device_of(request, account):
        return {f"evently:login:device:{device}:{account}": DEVICE}
    address = network_of(request.META.get("REMOTE_ADDR", ""))
    return {
        f"evently:login:pair:{address}:{account}": PAIR,
        f"evently:login:address:{address}": ADDRESS,
        f"evently:login:account:{account}": ACCOUNT,
        f"evently:login:day:{account}": ACCOUNT_DAY,
    }


def account_of(email: str) -> str:
    """Stands for the account with this address, if there is one: all spellings that the database
    takes for equal are one account here."""
    folded = unicodedata.normalize("NFKC", email.strip()).casefold()
    return hashlib.sha256(folded.encode()).hexdigest()[:32]


class RedisCounters:
    """The counters of all processes."""

    def take(self, counters: Counters) -> Taken:
        numbers = [
            number
            for budget in counters.values()
            for number in (budget.failures, budget.seconds * 1000)
        ]
        wait_ms, place = get_redis_connection().eval(TAKE, len(counters), *counters, *numbers)
        return int(wait_ms), int(place)

    def give_back(self, keys: Sequence[str]) -> None:
        try:
            get_redis_connection().eval(GIVE_BACK, len(keys), *keys)
        except RedisError as error:
            redis_breaker.trip()
            logger.warning("A right password stays counted as a wrong one: %s", error)


class LocalCounters:
    """Those of this process alone; the oldest gives way when there are too many."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._used: dict[str, tuple[int, float]] = {}

    def take(self, counters: Counters) -> Taken:
        now = time.monotonic()
        with self._lock:
            waits = [
                (round((until - now) * 1000), place)
                for place, (key, budget) in enumerate(counters.items(), 1)
                for used, until in [self._used.get(key, (0, now))]
                if used >= budget.failures and until > now
            ]
            if waits:
                return max(waits)
            for key, budget in counters.items():
                used, until = self._used.pop(key, (0, now))
                if until <= now:
                    used, until = 0, now + budget.seconds
                self._used[key] = (used + 1, until)
            while len(self._used) > MOST_COUNTERS:
                del self._used[next(iter(self._used))]
        return 0, 0

    def give_back(self, keys: Sequence[str]) -> None:
        with self._lock:
            for key in keys:
                used, until = self._used.get(key, (0, 0.0))
                if used:
                    self._used[key] = (used - 1, until)


shared, local = RedisCounters(), LocalCounters()
redis_breaker = Breaker(pause=1.0)


def _take(counters: Counters) -> RedisCounters | LocalCounters:
    """Count an attempt; where it was counted."""
    store: RedisCounters | LocalCounters = local
    taken: Taken | None = None
    if not redis_breaker.is_open:
        try:
            taken, store = shared.take(counters), shared
        except RedisError as error:
            redis_breaker.trip()
            logger.warning("Failed log-ins are counted in this process alone: %s", error)
    if taken is None:
        LOGINS_COUNTED_LOCALLY.inc()
        taken = local.take(counters)
    wait_ms, place = taken
    budget = list(counters.values())[place - 1] if place else None
    if budget and wait_ms:
        LOGINS_REFUSED.labels(budget.name).inc()
        raise TooManyLogins(retry_after_seconds=math.ceil(wait_ms / 1000))
    if budget in {ADDRESS, ACCOUNT, ACCOUNT_DAY}:
        # Once for each time that it is used up: somebody guesses from many addresses, or many
        # accounts from one.
        logger.warning("Somebody guesses passwords: the budget “%s” is used up", budget.name)
    return store
