"""Which database is asked: a second alias stands for the replica, on the same server."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from bookings.models import Booking
from evently import parts, replicas
from evently.accounts.models import User
from evently.dev.redis import free_port
from evently.replicas import REPLICA, ReplicaWatch, note_writers, tolerant_reads
from events.models import Event
from tests.makers import make_booking, make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", REPLICA])


@pytest.fixture(autouse=True)
def watch(monkeypatch: pytest.MonkeyPatch) -> ReplicaWatch:
    """One that has not looked yet, and looks each time."""
    fresh = ReplicaWatch()
    monkeypatch.setattr(replicas, "replica_watch", fresh)
    monkeypatch.setattr(parts, "replica_watch", fresh)
    monkeypatch.setattr(replicas, "LOOK_EVERY_SECONDS", -1)
    return fresh


@pytest.fixture(scope="module", autouse=True)
def _alias(django_db_setup: None) -> Iterator[None]:
    """The alias, before the database is opened to these tests."""
    connections.settings[REPLICA] = connections["default"].settings_dict | {}
    yield
    del connections[REPLICA]
    del connections.settings[REPLICA]


@pytest.fixture
def replica() -> Iterator[Any]:
    yield connections[REPLICA]
    connections[REPLICA].close()


def asked(read: Any, by: User | None = None) -> str:
    """The database that a tolerant read went to."""
    who = by.pk if by else None
    with CaptureQueriesContext(connections["default"]) as queries, tolerant_reads(by=who):
        read()
    return "default" if any("events_event" in query["sql"] for query in queries) else REPLICA


def read() -> None:
    list(Event.objects.all())


def test_only_what_says_so_is_read_from_the_replica(replica: Any) -> None:
    assert Event.objects.all().db == "default"
    with tolerant_reads(by=None):
        assert Event.objects.all().db == REPLICA
        assert Event.objects.select_for_update().using("default").db == "default"
    assert Event.objects.all().db == "default"
    assert asked(read) == REPLICA


def test_without_a_replica_everything_is_read_from_the_primary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(connections.settings, REPLICA)
    assert asked(read) == "default"


def test_writing_goes_to_the_primary_wherever_it_stands(replica: Any) -> None:
    event, user = make_event(), make_user()
    with tolerant_reads(by=None), CaptureQueriesContext(replica) as queries:
        assert Booking.objects.db_manager(None).db == REPLICA
        Event.objects.filter(pk=event.pk).update(name="Other")
    assert not any("UPDATE" in query["sql"] for query in queries)
    assert make_booking(event, user)


def changing(user: Any, method: str = "POST") -> None:
    request = HttpRequest()
    request.method, request.user = method, user
    note_writers(lambda _: HttpResponse())(request)


def test_whoever_wrote_something_reads_from_the_primary(replica: Any, settings: Settings) -> None:
    writer, other = make_user(), make_user()
    changing(writer)
    assert asked(read, by=writer) == "default"
    assert asked(read, by=other) == REPLICA
    mark = f"wrote:{writer.pk}"
    assert 0 < cache.ttl(mark) <= settings.REPLICA_PIN_SECONDS  # type: ignore[attr-defined]
    cache.delete(mark)
    assert asked(read, by=writer) == REPLICA


def test_whoever_only_looks_is_not_pinned(replica: Any) -> None:
    reader = make_user()
    changing(reader, "GET")
    changing(AnonymousUser())
    assert asked(read, by=reader) == REPLICA


@pytest.mark.parametrize("lag", ["6", "'infinity'::float8"])
def test_a_replica_too_far_behind_is_not_asked(
    replica: Any, monkeypatch: pytest.MonkeyPatch, lag: str
) -> None:
    monkeypatch.setattr(replicas, "LAG", f"SELECT {lag}")
    assert asked(read) == "default"
    assert parts.check_parts()["replica"]["status"] == "down"
    monkeypatch.setattr(replicas, "LAG", "SELECT 4.9")
    assert asked(read) == REPLICA
    assert parts.check_parts()["replica"] == {"status": "ok", "lag_seconds": 4.9}


def test_a_replica_that_is_gone_is_left_alone(
    replica: Any, watch: ReplicaWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica.close()
    monkeypatch.setitem(replica.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(replica.settings_dict, "PORT", free_port())
    assert asked(read) == "default"
    assert not watch.keeps_up()
    assert parts.overall(parts.check_parts()) == "degraded"


def test_the_figures_of_an_organiser_come_from_the_replica(replica: Any, client: Client) -> None:
    owner = make_user(is_staff=True, is_superuser=True)
    make_booking(make_event(make_organiser(owner)))
    client.force_login(owner, "evently.accounts.backends.AddressBackend")
    with CaptureQueriesContext(replica) as queries:
        assert client.get(reverse("admin:index")).status_code == 200
    assert any("bookings_booking" in query["sql"] for query in queries)
