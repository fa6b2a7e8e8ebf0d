"""The catalogue page."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from events.models import Event
from tests.makers import make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db


def page_of(client: Client, **asked: str) -> str:
    answer = client.get("/", asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_shows_upcoming_public_events_as_cards(client: Client) -> None:
    event = make_event(name="Late Jazz", capacity=500, available_seats=437, price="12.50")
    make_event(name="A Secret", status=Event.Status.DRAFT)
    make_event(name="Long Ago", starts_at=datetime.now(UTC) - timedelta(days=3))
    page = page_of(client)
    assert "Late Jazz" in page
    assert f"/events/{event.pk}/" in page
    assert "€12.50" in page
    assert "437 of 500 seats left" in page
    assert "On sale" in page
    assert "A Secret" not in page
    assert "Long Ago" not in page


@pytest.mark.parametrize(
    ("left", "chip"), [(0, "Sold out"), (1, "Few left"), (50, "Few left"), (51, "On sale")]
)
def test_a_chip_says_how_it_stands(client: Client, left: int, chip: str) -> None:
    make_event(capacity=500, available_seats=left)
    assert f">{chip}</span>" in page_of(client)


def test_an_event_for_nothing_is_free(client: Client) -> None:
    make_event(price=Decimal(0))
    assert 'data-show="price">Free</strong>' in page_of(client)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"search": "jazz"}, {"Jazz"}),
        ({"when": "week"}, {"Jazz"}),
        ({"when": "month"}, {"Jazz", "Opera"}),
        ({"price": "free"}, {"Opera"}),
        ({"price": "20"}, {"Jazz", "Opera"}),
        ({"available": "on"}, {"Jazz", "Fair"}),
        ({"price": "nonsense", "when": "nonsense"}, {"Jazz", "Opera", "Fair"}),
        ({"search": "jazz\x00"}, {"Jazz", "Opera", "Fair"}),
    ],
)
def test_it_can_be_narrowed_down(client: Client, asked: dict[str, str], found: set[str]) -> None:
    now = datetime.now(UTC)
    make_event(name="Jazz", starts_at=now + timedelta(days=2), price=20)
    make_event(name="Opera", starts_at=now + timedelta(days=20), price=0, available_seats=0)
    make_event(name="Fair", starts_at=now + timedelta(days=200), price=300)
    page = page_of(client, **asked)
    assert {name for name in ("Jazz", "Opera", "Fair") if f">{name}</a>" in page} == found


def test_finding_nothing_says_what_to_do(client: Client) -> None:
    make_event()
    page = page_of(client, search="zzzz")
    assert "No event fits" in page
    assert "Show all events" in page


def test_it_has_pages(client: Client) -> None:
    organiser, now = make_organiser(), datetime.now(UTC)
    for day in range(1, 27):
        make_event(organiser, name=f"Night {day:02}", starts_at=now + timedelta(days=day))
    first = client.get("/", {"search": "night"})
    following = first.context["page"].next
    assert f"search=night&amp;cursor={following.split(':')[0]}" in first.content.decode()
    second = page_of(client, search="night", cursor=following)
    assert "Night 25" in second
    assert "Night 24" not in second


def test_a_cursor_from_elsewhere_leads_to_the_first_page(client: Client) -> None:
    answer = client.get("/", {"cursor": "made-up"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_names_cannot_bring_markup(client: Client) -> None:
    make_event(name="<script>alert(1)</script>", venue="<b>x</b>")
    page = page_of(client)
    assert "<script>alert" not in page
    assert "<b>x" not in page


@pytest.mark.parametrize("rows", [1, 24])
def test_few_queries_however_many_events(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    for _ in range(rows):
        make_event()
    with django_assert_max_num_queries(1):
        page_of(client)
    client.force_login(make_user())
    with django_assert_max_num_queries(4):
        page_of(client)
    assert Session.objects.count() == 1


def test_pages_forbid_inline_styles_and_scripts(client: Client) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
