"""L2: which events a list shows comes from Redis, how they stand from the rows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from prometheus_client import REGISTRY
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from rest_framework.test import APIClient

from bookings.services import cancel_booking
from evently import caching
from evently.caching import lists
from events.importing import Defaults, parse_file
from events.models import Event
from events.services import (
    complete_ended_events,
    create_event,
    delete_event,
    edit_event,
    import_events,
    publish_event,
)
from tests.makers import make_booking, make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db
Committing = DjangoCaptureOnCommitCallbacks


def outcome(name: str) -> float:
    labels = {"layer": "l2", "outcome": name}
    return REGISTRY.get_sample_value("evently_cache_requests_total", labels) or 0


def names(api: APIClient, address: str = "events", **query: Any) -> list[str]:
    answer = api.get(reverse(address), query)
    assert answer.status_code == 200, answer.content
    rows = answer.data if address == "popular-events" else answer.data["results"]
    return [row["name"] for row in rows]


def searches(queries: CaptureQueriesContext) -> list[str]:
    """Those that look for events, and not for ones that are known."""
    found = [query["sql"] for query in queries if 'FROM "events_event"' in query["sql"]]
    return [sql for sql in found if '"events_event"."id" IN (' not in sql]


@pytest.mark.parametrize(
    ("address", "query"),
    [
        ("events", {}),
        ("events", {"search": "jazz", "ordering": "-price", "limit": 2}),
        ("popular-events", {"limit": 2}),
    ],
)
def test_a_list_is_searched_for_once(api: APIClient, address: str, query: dict[str, Any]) -> None:
    for number in range(4):
        make_event(name=f"Jazz {number}", price=number)
    first, hits = names(api, address, **query), outcome("hit")
    with CaptureQueriesContext(connection) as queries:
        assert names(api, address, **query) == first
    assert searches(queries) == []
    assert outcome("hit") == hits + 1


def test_the_catalogue_of_people_and_strangers_is_the_same_list(client: Client) -> None:
    for number in range(30):
        make_event(name=f"Jazz {number}")
    page = client.get("/?when=quarter").context["page"]
    client.get(f"/?when=quarter&cursor={page.next}")
    client.force_login(make_user())
    with CaptureQueriesContext(connection) as queries:
        shown = client.get("/?when=quarter").context["page"]
        after = client.get(f"/?when=quarter&cursor={page.next}").context["page"]
    assert searches(queries) == []
    assert (shown.rows, shown.next) == (page.rows, page.next)
    assert len(after.rows) == 6


def test_seats_are_counted_anew_each_time(api: APIClient) -> None:
    event = make_event(capacity=10)
    names(api)
    make_booking(event, quantity=3)
    hits = outcome("hit")
    [row] = api.get(reverse("events")).data["results"]
    assert (row["available_seats"], outcome("hit")) == (7, hits + 1)


def test_a_sale_is_no_reason_to_search_again(
    api: APIClient, django_capture_on_commit_callbacks: Committing
) -> None:
    event = make_event()
    names(api)
    with django_capture_on_commit_callbacks(execute=True):
        make_booking(event)
    hits = outcome("hit")
    names(api)
    assert outcome("hit") == hits + 1


NOW = datetime.now(UTC)
PARSED = parse_file(
    f"name,starts_at\nNew,{NOW + timedelta(days=3):%Y-%m-%d 20:00}\n".encode(),
    filename="events.csv",
    defaults=Defaults(timezone="UTC", capacity=5, price=Decimal(0), currency="EUR"),
    now=NOW,
)


def changes(event: Event, owner: Any) -> dict[str, Any]:
    details = {
        "name": "New",
        "starts_at": NOW + timedelta(days=1),
        "ends_at": NOW + timedelta(days=2),
        "capacity": 5,
        "status": "published",
    }
    draft = make_event(event.organiser, name="Draft", status=Event.Status.DRAFT)
    return {
        "create": lambda: create_event(
            organiser_id=event.organiser_id, by=owner, details=details, now=NOW
        ),
        "publish": lambda: publish_event(event_id=draft.pk, by=owner, now=NOW),
        "edit": lambda: edit_event(
            event_id=event.pk, by=owner, changes={"name": "New"}, expected_version=1, now=NOW
        ),
        "delete": lambda: delete_event(event_id=event.pk, by=owner),
        "complete": lambda: complete_ended_events(now=event.ends_at),
        "import": lambda: import_events(
            organiser_id=event.organiser_id,
            parsed=PARSED,
            by=owner,
            publish=True,
            partial=False,
            now=NOW,
        ),
    }


@pytest.mark.parametrize("change", ["create", "publish", "edit", "delete", "complete", "import"])
def test_what_changes_lists_begins_a_new_generation(
    api: APIClient, change: str, django_capture_on_commit_callbacks: Committing
) -> None:
    owner = make_user()
    event = make_event(make_organiser(owner), name="Old", version=1, edited_version=1)
    before = names(api)
    with django_capture_on_commit_callbacks(execute=True):
        changes(event, owner)[change]()
    after = names(api)
    hits = outcome("hit")
    assert after != before
    assert names(api) == after
    assert outcome("hit") == hits + 1


def test_what_is_over_shows_at_once_that_the_list_is_old(api: APIClient) -> None:
    for number in range(3):
        make_event(name=str(number))
    assert names(api) == ["0", "1", "2"]
    stale = outcome("stale")
    Event.objects.filter(name="1").update(
        starts_at=NOW - timedelta(hours=2), ends_at=NOW - timedelta(hours=1)
    )
    assert names(api) == ["0", "2"]
    assert outcome("stale") == stale + 1


@pytest.mark.parametrize("query", [{"available": "true"}, {"organiser": True}])
def test_some_lists_are_always_searched_for(api: APIClient, query: dict[str, Any]) -> None:
    """What can be booked changes with each sale, an organiser's list with who asks."""
    owner = make_user()
    organiser = make_organiser(owner)
    event = make_event(organiser, capacity=1)
    make_event(organiser, name="Draft", status=Event.Status.DRAFT)
    query = {**query, **({"organiser": organiser.pk} if "organiser" in query else {})}
    assert names(api, **query) == ["Late Jazz"]
    api.force_authenticate(owner)
    assert ("Draft" in names(api, **query)) == ("organiser" in query)
    api.force_authenticate()
    booking = make_booking(event)
    assert names(api, **query) == ([] if "available" in query else ["Late Jazz"])
    cancel_booking(reference=booking.reference, by=booking.user, now=NOW)
    assert names(api, **query) == ["Late Jazz"]


def test_a_list_read_before_a_change_is_not_kept_after_it() -> None:
    generation, _ = lists.find("a")
    lists.forget()
    lists.keep("a", generation, [1])
    assert lists.find("a")[1] is None


def test_without_redis_lists_come_from_the_database(
    api: APIClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_event()
    real = settings.CACHES
    monkeypatch.setattr(caching, "lists", fresh := caching.Lists())
    monkeypatch.setattr("events.listing.lists", fresh)
    settings.CACHES = real | {"lists": real["lists"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    misses = outcome("miss")
    assert names(api) == names(api) == ["Late Jazz"]
    assert outcome("miss") == misses + 2


def test_a_change_that_redis_was_not_told_of_is_told_later(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = caching.Lists()
    generation, _ = ours.find("a")
    ours.keep("a", generation, [1])
    assert ours.find("a") == (generation, [1])
    real = settings.CACHES
    settings.CACHES = real | {"lists": real["lists"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    ours.forget()
    settings.CACHES = real
    monkeypatch.setattr(ours._breaker, "_closed_from", 0.0)
    assert ours.find("a")[1] is None


def test_it_can_be_switched_off(api: APIClient, settings: Settings) -> None:
    settings.CACHES = settings.CACHES | {"lists": settings.NO_CACHE}
    make_event()
    names(api)
    with CaptureQueriesContext(connection) as queries:
        names(api)
    assert len(searches(queries)) == 1
