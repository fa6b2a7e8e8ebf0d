"""Locks in Redis end with whoever took them: a process that dies, or a Redis that was away."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django_redis import get_redis_connection
from pytest_django import Settings

from bookings import locks
from bookings.locks import LEASE_MS, Claim, hold_booking_locks
from evently.dev.redis import Redis
from tests.harness import PATIENCE_SECONDS

Patch = pytest.MonkeyPatch


@pytest.fixture
def claim() -> Claim:
    return uuid4(), uuid4()


def key_of(claim: Claim) -> str:
    return "booking_lock:{}:{}".format(*claim)


def milliseconds_left(claim: Claim) -> int:
    return int(get_redis_connection().pttl(key_of(claim)))


def is_free(claim: Claim) -> bool:
    with hold_booking_locks([claim]) as held:
        return held == [True]


def wait_until_redis_is_later_by(milliseconds: int) -> None:
    """By its own clock, which ends the leases."""
    redis = get_redis_connection()
    begun = now = microseconds(redis.time())
    while now < begun + milliseconds * 1000:
        threading.Event().wait(0.02)
        now = microseconds(redis.time())


def microseconds(time: tuple[int, int]) -> int:
    return time[0] * 1_000_000 + time[1]


def test_a_lock_names_its_process_and_ends_two_seconds_after_it(claim: Claim) -> None:
    """Whoever holds it and dies gives nothing back; only the lease ends it."""
    with hold_booking_locks([claim]):
        owner = get_redis_connection().get(key_of(claim)).decode()
        assert owner.split(":")[1] == str(os.getpid())
        assert 0 < milliseconds_left(claim) <= LEASE_MS <= 2_000
    assert is_free(claim)


@pytest.fixture
def short_lease(monkeypatch: Patch) -> int:
    monkeypatch.setattr(locks, "RENEW_EVERY_SECONDS", 0.1)
    monkeypatch.setattr(locks, "LEASE_MS", 1_500)
    monkeypatch.setattr(locks, "_leases", locks._Leases())
    return 1_500


def test_a_lock_is_held_for_longer_than_its_lease(claim: Claim, short_lease: int) -> None:
    with hold_booking_locks([claim]):
        wait_until_redis_is_later_by(short_lease * 2)
        assert not is_free(claim)
    assert is_free(claim)


def test_control_without_renewals_it_ends(
    claim: Claim, short_lease: int, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(locks._Leases, "_renew", lambda *_: None)
    with hold_booking_locks([claim]):
        wait_until_redis_is_later_by(short_lease * 2)
        assert is_free(claim)


def test_a_lock_that_somebody_else_took_meanwhile_is_not_renewed(claim: Claim) -> None:
    with hold_booking_locks([claim]):
        redis = get_redis_connection()
        redis.set(key_of(claim), "another process", px=500)
        locks._leases._renew({"token": [key_of(claim)]})
        assert milliseconds_left(claim) <= 500
    assert redis.get(key_of(claim)) in (b"another process", None)


@pytest.fixture
def redis_with_a_disk(tmp_path: Path, settings: Settings) -> Iterator[Redis]:
    server = Redis(tmp_path / "redis", durable=True)
    server.start()
    own = settings.CACHES["default"] | {"LOCATION": server.url}
    settings.CACHES = settings.CACHES | {"default": own}
    yield server
    server.stop()


@pytest.mark.parametrize("returns", ["with its data", "empty"])
def test_redis_that_was_away_frees_what_nobody_holds(
    redis_with_a_disk: Redis, claim: Claim, returns: str
) -> None:
    """The lock was taken, Redis died, and could not be told that it is needed no more."""
    with hold_booking_locks([claim]):
        get_redis_connection().config_set("appendfsync", "always")
        get_redis_connection().set("on the disk", 1)
        redis_with_a_disk.kill()
    redis_with_a_disk.start()
    redis = get_redis_connection()
    assert redis.get("on the disk")
    if returns == "empty":
        redis.flushall()
    assert milliseconds_left(claim) <= LEASE_MS
    free_within(PATIENCE_SECONDS, claim)


def free_within(seconds: float, claim: Claim) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.1)):
        if not get_redis_connection().exists(key_of(claim)):
            return
        pause.wait(0.1)
    raise AssertionError("The lock is still there")
