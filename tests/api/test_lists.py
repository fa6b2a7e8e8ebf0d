"""Lists: a fixed number of queries, pages without loss or repetition, and filters."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from evently.accounts.models import User
from events.models import Event, Organiser
from events.queries import ORDERINGS
from tests.conftest import client_of
from tests.makers import make_booking, make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db

START = datetime.now(UTC).replace(microsecond=123456) + timedelta(days=30)
MAX_QUERIES = 4


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [event["name"] for event in answer.data["results"]]


def make_mixed_events(organiser: Organiser, number: int) -> None:
    """Events with many equal names, prices and times among them."""
    for i in range(number):
        make_event(
            organiser,
            name=["Jazz", "jazz", "Ärger", "Zoo", "Æsop 🎉"][i % 5],
            price=["0.00", "10.00", "9.50"][i % 3],
            starts_at=START + timedelta(hours=i // 7),
        )


def walk(client: APIClient, link: str | None, towards: str) -> list[list[str]]:
    """The ids of every page from this address on."""
    pages: list[list[str]] = []
    while link and len(pages) < 100:
        answer = client.get(link)
        assert answer.status_code == 200, answer.content
        pages.append([row["id"] for row in answer.data["results"]])
        link = answer.data[towards]
    return pages


def last_link(client: APIClient, link: str) -> str:
    while following := client.get(link).data["next"]:
        link = following
    return link


def make_teams(user: User, rows: int) -> None:
    for _ in range(rows):
        make_organiser(user)


def make_events(user: User, rows: int) -> None:
    for _ in range(rows):
        make_event()


def book_events(user: User, rows: int) -> None:
    for _ in range(rows):
        make_booking(make_event(), user)


LISTS = {
    "organisers": make_teams,
    "events": make_events,
    "popular-events": make_events,
    "bookings": book_events,
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("rows", [3, 30])
def test_a_list_takes_the_same_few_queries_whatever_its_length(name: str, rows: int) -> None:
    user = make_user()
    LISTS[name](user, rows)
    cache.clear()
    client = client_of(user)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(reverse(name), {"limit": 50})
    listed = answer.data if name == "popular-events" else answer.data["results"]
    assert len(listed) == rows
    assert len(queries) <= MAX_QUERIES, [query["sql"][:90] for query in queries]


def test_the_event_list_takes_four_queries_with_a_session(client: Any) -> None:
    client.force_login(make_user(), "evently.accounts.backends.AddressBackend")
    for _ in range(3):
        make_event()
    with CaptureQueriesContext(connection) as queries:
        assert len(client.get(reverse("events")).data["results"]) == 3
    assert len(queries) <= MAX_QUERIES


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("limit", [1, 7, 25, 100])
def test_pages_of_every_order_lose_and_repeat_nothing(
    api: APIClient, ordering: str, limit: int
) -> None:
    make_mixed_events(make_organiser(), 25)
    expected = [
        str(pk) for pk in Event.objects.order_by(ordering, "id").values_list("pk", flat=True)
    ]
    first = f"{reverse('events')}?ordering={ordering}&limit={limit}"
    forth = walk(api, first, "next")
    assert [row for page in forth for row in page] == expected
    assert all(len(page) == limit for page in forth[:-1])
    back = walk(api, last_link(api, first), "previous")
    assert back == forth[::-1]


def test_rows_that_come_and_go_meanwhile_hide_no_others(api: APIClient) -> None:
    events = [make_event(starts_at=START + timedelta(hours=i), name=str(i)) for i in range(6)]
    page = api.get(reverse("events"), {"limit": 3})
    events[1].delete()
    make_event(starts_at=START - timedelta(hours=1), name="new")
    assert names(page) == ["0", "1", "2"]
    following = api.get(page.data["next"])
    assert names(following) == ["3", "4", "5"]
    assert names(api.get(following.data["previous"])) == ["new", "0", "2"][-3:]


def test_many_equal_rows_are_paged_by_their_ids(api: APIClient) -> None:
    organiser = make_organiser()
    events = [make_event(organiser, starts_at=START) for _ in range(3)]
    copies = [
        Event(
            **{
                f.attname: getattr(events[0], f.attname)
                for f in Event._meta.concrete_fields
                if f.name not in {"id", "search"}
            }
        )
        for _ in range(1_200)
    ]
    Event.objects.bulk_create(copies)
    pages = walk(api, f"{reverse('events')}?ordering=price&limit=100", "next")
    rows = [row for page in pages for row in page]
    assert (len(rows), len(set(rows))) == (1_203, 1_203)


def test_a_page_keeps_the_filters_of_its_list(api: APIClient) -> None:
    for i in range(4):
        make_event(name=f"Jazz {i}", starts_at=START + timedelta(hours=i))
        make_event(name=f"Rock {i}", starts_at=START + timedelta(hours=i))
    page = api.get(reverse("events"), {"search": "jazz", "limit": "3"})
    assert names(page) + names(api.get(page.data["next"])) == [f"Jazz {i}" for i in range(4)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("jazz", ["Jäger & Jazz", "Jazz"]),
        ("JAZ", ["Jäger & Jazz", "Jazz"]),
        ("jäg", ["Jäger & Jazz"]),
        ("JÄGER", ["Jäger & Jazz"]),
        ("jazz jäger", ["Jäger & Jazz"]),
        ("Jäger & Jazz", ["Jäger & Jazz"]),
        ("jazz | rock", []),
        ("! jazz", ["Jäger & Jazz", "Jazz"]),
        ("jazz:* & (", ["Jäger & Jazz", "Jazz"]),
        ("o'rock", ["O'Rock 🎉"]),
        ('"rock"', ["O'Rock 🎉"]),
        ("rock 🎉", ["O'Rock 🎉"]),
        ("azz", []),
        ("🎉", []),
        ("& | !", []),
        ("'", []),
        ("\\", []),
        ("_", []),
        ("%", []),
        ("²", []),
        ("cellar", ["Jäger & Jazz", "Jazz", "O'Rock 🎉"]),
        ("brass", ["O'Rock 🎉"]),
        ("", ["Jäger & Jazz", "Jazz", "O'Rock 🎉"]),
        ("  ", ["Jäger & Jazz", "Jazz", "O'Rock 🎉"]),
    ],
)
def test_a_search_finds_words_and_their_beginnings(
    api: APIClient, words: str, found: list[str]
) -> None:
    make_event(name="Jäger & Jazz", starts_at=START)
    make_event(name="Jazz", starts_at=START + timedelta(hours=1))
    make_event(name="O'Rock 🎉", description="Brass band", starts_at=START + timedelta(hours=2))
    assert names(api.get(reverse("events"), {"search": words})) == found


def test_a_festival_is_found_on_each_of_its_days(api: APIClient) -> None:
    """Asked for is when an event takes place, from its start up to its end; not when it starts."""
    day = timedelta(days=1)
    make_event(name="festival", starts_at=START, ends_at=START + 3 * day)

    def is_found(after: timedelta, before: timedelta) -> bool:
        query = {"starts_after": START + after, "starts_before": START + before}
        answer = api.get(reverse("events"), {k: v.isoformat() for k, v in query.items()})
        return names(answer) == ["festival"]

    second = timedelta(microseconds=1)
    assert is_found(day, 2 * day)
    assert is_found(-day, 5 * day)
    assert is_found(3 * day - second, 4 * day)
    assert is_found(-day, 0 * day)
    assert not is_found(3 * day, 4 * day)
    assert not is_found(-day, -second)


def test_filters_narrow_the_list(api: APIClient) -> None:
    day = timedelta(days=1)
    make_event(name="cheap", price="5.00", starts_at=START)
    make_event(name="dear", price="50.00", starts_at=START + day)
    make_event(name="full", price="20.00", starts_at=START + 2 * day, available_seats=0)

    def found(**query: str) -> list[str]:
        return names(api.get(reverse("events"), query))

    assert found() == ["cheap", "dear", "full"]
    assert found(min_price="5.00", max_price="20", currency="EUR") == ["cheap", "full"]
    assert found(min_price="5.01", currency="EUR") == ["dear", "full"]
    assert found(available="true") == ["cheap", "dear"]
    assert found(available="false") == ["cheap", "dear", "full"]
    assert found(starts_after=(START + day).isoformat()) == ["dear", "full"]
    assert found(starts_before=(START + day).isoformat()) == ["cheap", "dear"]
    assert found(starts_after=(START + 3 * day).isoformat()) == []
    assert found(min_price="9", max_price="1", currency="EUR") == []


def test_past_and_unpublished_events_are_listed_only_by_organiser() -> None:
    organiser = make_organiser(owner := make_user())
    make_event(name="elsewhere")
    make_event(organiser, name="past", starts_at=START - timedelta(days=90))
    make_event(organiser, name="off", starts_at=START, status="cancelled")
    make_event(organiser, name="draft", starts_at=START + timedelta(days=1), status="draft")
    query = {"organiser": str(organiser.pk)}
    assert names(APIClient().get(reverse("events"))) == ["elsewhere"]
    assert names(APIClient().get(reverse("events"), query)) == ["past", "off"]
    assert names(client_of(owner).get(reverse("events"), query)) == ["past", "off", "draft"]


def test_popular_events_are_those_with_most_seats_taken(api: APIClient) -> None:
    make_event(name="some", available_seats=90)
    make_event(name="none")
    make_event(name="most", available_seats=10)
    make_event(name="draft", available_seats=0, status="draft")
    listed = api.get(reverse("popular-events"), {"limit": 2}).data
    assert [event["name"] for event in listed] == ["most", "some"]


def test_bookings_come_newest_first_and_only_ones_own() -> None:
    user = make_user()
    bookings = [make_booking(make_event(), user) for _ in range(5)]
    make_booking(make_event())
    pages = walk(client_of(user), f"{reverse('bookings')}?limit=2", "next")
    assert [row for page in pages for row in page] == [str(b.pk) for b in reversed(bookings)]
