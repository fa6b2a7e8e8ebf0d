"""The catalogue page."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from events.models import Event
from events.sitemap import UpcomingEvents
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
    assert ">Free</strong>" in page_of(client)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"search": "jazz"}, {"Jazz"}),
        ({"when": "week"}, {"Jazz"}),
        ({"when": "month"}, {"Jazz", "Opera"}),
        ({"price": "free"}, {"Opera"}),
        ({"price": "20"}, {"Jazz", "Opera"}),
        ({"available": "on"}, {"Jazz", "Fair"}),
        ({"where": "hall"}, {"Opera", "Fair"}),
        ({"where": "Hall, berl"}, {"Opera"}),
        ({"where": "jazz"}, set()),
        ({"where": "!"}, set()),
        ({"where": "hall", "search": "fair"}, {"Fair"}),
        ({"organiser": "nonsense"}, {"Jazz", "Opera", "Fair"}),
        ({"last_date": "2024-01-01"}, set()),
        ({"first_date": "2031-01-01", "last_date": "2030-01-01"}, set()),
        ({"first_date": "nonsense"}, {"Jazz", "Opera", "Fair"}),
        ({"price": "nonsense", "when": "nonsense"}, {"Jazz", "Opera", "Fair"}),
        ({"search": "jazz\x00"}, {"Jazz", "Opera", "Fair"}),
    ],
)
def test_it_can_be_narrowed_down(client: Client, asked: dict[str, str], found: set[str]) -> None:
    now = datetime.now(UTC)
    day = timedelta(days=1)
    make_event(name="Jazz", venue="Cellar, Berlin", starts_at=now + 2 * day, price=20)
    make_event(
        name="Opera", venue="Hall, Berlin", starts_at=now + 20 * day, price=0, available_seats=0
    )
    make_event(name="Fair", venue="Hall 3, Wien", starts_at=now + 200 * day, price=300)
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
    # Which currencies there are is asked once, until lists change.
    with django_assert_max_num_queries(2):
        page_of(client)
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


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("2031-06-02", "2031-06-02", {"Tokyo"}),
        ("2031-06-01", "2031-06-01", {"Berlin"}),
        ("2031-06-01", "", {"Berlin", "Tokyo"}),
        ("", "2031-06-01", {"Berlin"}),
    ],
)
def test_dates_are_those_on_the_events_own_clocks(
    client: Client, first: str, last: str, found: set[str]
) -> None:
    instant = datetime(2031, 6, 1, 18, tzinfo=UTC)
    make_event(name="Berlin", starts_at=instant)
    make_event(name="Tokyo", starts_at=instant, timezone="Asia/Tokyo")
    page = page_of(client, first_date=first, last_date=last)
    assert {name for name in ("Berlin", "Tokyo") if f">{name}</a>" in page} == found


def test_an_end_before_the_start_is_told_and_kept(client: Client) -> None:
    page = page_of(client, first_date="2031-06-02", last_date="2031-06-01")
    assert "Choose the same day as “From”, or a later one." in page
    assert 'value="2031-06-02"' in page
    assert 'value="2031-06-01"' in page
    assert "<details open>" in page


def test_the_events_of_one_organiser_can_be_asked_for(client: Client) -> None:
    jazz = make_event(make_organiser(name="Blue Note"), name="Jazz")
    make_event(make_organiser(name="Opera House"), name="Opera")
    page = page_of(client, organiser=str(jazz.organiser_id))
    assert ">Jazz</a>" in page
    assert ">Opera</a>" not in page
    assert "What is on by <bdi>Blue Note</bdi>" in page
    assert f'name="organiser" value="{jazz.organiser_id}"' in page


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "مسرح", "🎷", "x" * 500, "' OR 1=1 --", "a:*|b & !("]
)
@pytest.mark.parametrize("field", ["search", "where"])
def test_odd_searches_are_kept_as_they_were_typed(client: Client, field: str, text: str) -> None:
    page = page_of(client, **{field: text})
    assert f'name="{field}" value="{escape(text)}"' in page
    assert "<script>alert" not in page


def test_the_script_asks_for_the_cards_that_are_shown(client: Client) -> None:
    now = datetime.now(UTC)
    for number in range(30):
        make_event(name=f"Night {number:02}", starts_at=now + timedelta(days=number + 1))
    first = client.get("/", {"search": "night", "available": "on"})
    following = client.get("/", {"search": "night", "cursor": first.context["page"].next})
    for page, names in ((first, range(24)), (following, range(24, 30))):
        answer = client.get(page.context["poll"])
        assert sorted(event["name"] for event in answer.json()["results"]) == [
            f"Night {number:02}" for number in names
        ]


def test_a_page_that_takes_no_form_says_so_as_a_page(client: Client) -> None:
    answer = client.post("/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert "This page takes no form" in answer.content.decode()


# --- For search engines ---------------------------------------------------------------------------


def test_robots_are_kept_out_of_what_is_private(client: Client) -> None:
    lines = client.get("/robots.txt").content.decode().splitlines()
    for path in ("/admin/", "/accounts/", "/bookings/", "/api/"):
        assert f"Disallow: {path}" in lines
    assert "Sitemap: http://testserver/sitemap.xml" in lines


def test_the_sitemap_names_what_anybody_may_see(client: Client) -> None:
    shown = make_event()
    hidden = [
        make_event(status=Event.Status.DRAFT),
        make_event(status=Event.Status.CANCELLED),
        make_event(starts_at=datetime.now(UTC) - timedelta(days=3)),
    ]
    index = client.get("/sitemap.xml").content.decode()
    assert "<loc>http://testserver/sitemap-events.xml</loc>" in index
    events = client.get("/sitemap-events.xml").content.decode()
    assert f"<loc>http://testserver/events/{shown.pk}/</loc>" in events
    assert not any(str(event.pk) in events for event in hidden)
    pages = client.get("/sitemap-pages.xml").content.decode()
    assert "<loc>http://testserver/</loc>" in pages
    assert "<loc>http://testserver/developers/</loc>" in pages


def test_the_sitemap_has_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UpcomingEvents, "limit", 2)
    organiser = make_organiser()
    for _ in range(3):
        make_event(organiser)
    index = client.get("/sitemap.xml").content.decode()
    assert "/sitemap-events.xml?p=2</loc>" in index
    assert client.get("/sitemap-events.xml?p=2").content.decode().count("<loc>") == 1
