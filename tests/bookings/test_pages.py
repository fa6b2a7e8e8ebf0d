"""The pages of a visitor: event, booking form, tickets and my bookings."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils.html import escape
from icalendar import Calendar
from pytest_django import DjangoAssertNumQueries

from bookings.models import Booking
from evently.accounts.models import User
from evently.site.templatetags.pieces import qr
from events.models import Event, Role
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user, mark_paid

Answer = Any  # The test client's response, with `content`.

# What is there for another state of the sale, and for the script.
HIDDEN = re.compile(
    r"<(p|div|ul|script)\b[^>]*(?:\shidden|application/json)[^>]*>.*?</\1>", re.DOTALL
)
NEXT_DECADE: dict[str, Any] = {"starts_at": datetime(2031, 6, 1, 18, tzinfo=UTC)}
LAST_YEAR = datetime(2025, 6, 1, 18, tzinfo=UTC)
ODD_TEXTS = [
    "</script><script>alert(1)</script>",
    "<!-- <b>x",
    "سهرة جاز",
    "Jazz 🎷 & Wine",
    "a" * 200,
]

pytestmark = pytest.mark.django_db(transaction=True)


def logged_in(user: User | None = None) -> Client:
    client = Client()
    client.force_login(user or make_user())
    return client


def form_key(client: Client, event: Event) -> str:
    page = client.get(f"/events/{event.pk}/").content.decode()
    found = re.search(r'name="key" value="(\w+)"', page)
    assert found
    return found[1]


def send_form(client: Client, event: Event, seats: object, key: str | None = None) -> Answer:
    form = {"seats": seats, "key": key or form_key(client, event)}
    return client.post(f"/events/{event.pk}/book", form)


def text_of(answer: Answer) -> str:
    """The page as it is first shown, every space a single one: without what is kept for script."""
    page = re.sub(r"<script.*?</script>", "", answer.content.decode(), flags=re.DOTALL)
    page = re.sub(r"\s+", " ", page)
    return re.sub(r'<(p|ul)( class="elsewhere")? data-when="[a-z -]+" hidden>.*?</\1>', "", page)


def document_of(answer: Answer) -> dict[str, Any]:
    """What the page tells search engines."""
    found = re.search(r"<script type=.application/ld.json.>(.*?)</script>", answer.content.decode())
    assert found
    document: dict[str, Any] = json.loads(found[1])
    return document


# --- The event's page ---------------------------------------------------------------------------


def test_it_shows_what_the_event_is_and_how_it_stands(client: Client) -> None:
    starts_at = datetime(2031, 1, 23, 18, 0, tzinfo=UTC)
    event = make_event(
        name="Late Jazz",
        venue="Cellar",
        description="First line\n\nSecond <b>line</b>",
        starts_at=starts_at,
        capacity=500,
        available_seats=37,
        price=Decimal("12.50"),
    )
    page = text_of(client.get(f"/events/{event.pk}/"))
    assert "Thursday, January 23, 2031, 7:00 PM – 10:00 PM, Berlin time" in page
    for shown in ("Late Jazz", "Cellar", "€12.50", "37 of 500 seats left", "Few left"):
        assert shown in page
    assert "<p>Second &lt;b&gt;line&lt;/b&gt;</p>" in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize(
    ("fields", "story", "said"),
    [
        ({"available_seats": 0}, "Sold out. Seats", "Seats that come back go to those who wait."),
        ({"status": "cancelled"}, "This event was cancelled", ""),
        ({"starts_at": datetime(2024, 1, 1, tzinfo=UTC)}, "This event is over", ""),
        (
            {"sales_start_at": datetime(2030, 1, 1, 9, tzinfo=UTC), **NEXT_DECADE},
            "The sale ",
            "Tuesday, January 1, 2030, 10:00 AM, Berlin time</time>",
        ),
        (
            {"sales_end_at": datetime(2024, 7, 1, 9, tzinfo=UTC), **NEXT_DECADE},
            "The sale ",
            "Monday, July 1, 2024, 11:00 AM, Berlin time</time>",
        ),
    ],
)
def test_it_says_when_nothing_can_be_booked(
    client: Client, fields: dict[str, Any], story: str, said: str
) -> None:
    event = make_event(**fields)
    page = HIDDEN.sub("", text_of(client.get(f"/events/{event.pk}/")))
    stories = {"Sold out. Seats", "This event was cancelled", "This event is over", "The sale "}
    assert said in page
    assert {words for words in stories if words in page} == {story}


@pytest.mark.parametrize(
    ("fields", "is_offered"),
    [
        ({"available_seats": 0}, True),
        ({"status": "cancelled"}, True),
        ({"starts_at": datetime(2024, 1, 1, tzinfo=UTC)}, True),
        ({"sales_end_at": datetime(2024, 7, 1, 9, tzinfo=UTC)}, True),
        ({}, False),
        ({"sales_start_at": datetime(2030, 1, 1, 9, tzinfo=UTC), **NEXT_DECADE}, False),
        ({"status": "draft"}, False),
    ],
)
def test_what_cannot_be_had_leads_to_other_events(
    client: Client, fields: dict[str, Any], is_offered: bool
) -> None:
    event = make_event(**fields)
    client.force_login(make_user(is_staff=True))
    page = text_of(client.get(f"/events/{event.pk}/"))
    assert (f"/?organiser={event.organiser_id}&amp;available=on" in page) is is_offered
    assert ("/?when=month&amp;available=on" in page) is is_offered


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"price": Decimal("12.50")}, "You pay at the door. No fees are added."),
        ({"price": Decimal(0)}, "Free"),
        ({"sales_end_at": datetime(2031, 1, 1, 9, tzinfo=UTC), **NEXT_DECADE}, "Sale ends"),
        ({"sales_start_at": datetime(2030, 1, 1, 9, tzinfo=UTC), **NEXT_DECADE}, "Sale begins"),
        ({"venue": "Süd & West, Köln"}, "search?query=S%C3%BCd%20%26%20West%2C%20K%C3%B6ln"),
    ],
)
def test_the_price_the_sale_and_the_place_are_told(
    client: Client, fields: dict[str, Any], said: str
) -> None:
    assert said in text_of(client.get(f"/events/{make_event(**fields).pk}/"))


def test_links_to_a_map_tell_it_nothing(client: Client) -> None:
    page = text_of(client.get(f"/events/{make_event().pk}/"))
    assert '<a class="map" rel="noopener noreferrer" href="https://www.openstreetmap.org' in page


def test_programs_of_the_page_know_when_the_sale_is(client: Client) -> None:
    sale: dict[str, Any] = {
        "sales_start_at": datetime(2030, 1, 1, 9, tzinfo=UTC),
        "sales_end_at": datetime(2031, 1, 1, 9, tzinfo=UTC),
    }
    page = text_of(client.get(f"/events/{make_event(**sale, **NEXT_DECADE).pk}/"))
    assert 'data-sales-start="2030-01-01T09:00:00+00:00"' in page
    assert 'data-sales-end="2031-01-01T09:00:00+00:00"' in page


# --- What search engines and messages show of it --------------------------------------------------


def test_search_engines_are_told_in_the_words_of_schema_org(client: Client) -> None:
    event = make_event(
        name="Late Jazz",
        description="Blue.",
        starts_at=datetime(2031, 6, 1, 18, tzinfo=UTC),
        price=Decimal("12.5"),
        sales_start_at=datetime(2025, 1, 1, 9, tzinfo=UTC),
        sales_end_at=datetime(2031, 5, 31, 9, tzinfo=UTC),
    )
    address = f"http://testserver/events/{event.pk}/"
    document = document_of(client.get(f"/events/{event.pk}/"))
    assert document.pop("image").endswith("/evently/social.png")
    assert document == {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": "Late Jazz",
        "description": "Blue.",
        "url": address,
        "startDate": "2031-06-01T20:00:00+02:00",
        "endDate": "2031-06-01T23:00:00+02:00",
        "eventStatus": "https://schema.org/EventScheduled",
        "location": {"@type": "Place", "name": "Cellar", "address": "Cellar"},
        "organizer": {"@type": "Organization", "name": "Blue Note"},
        "offers": {
            "@type": "Offer",
            "url": address,
            "price": "12.50",
            "priceCurrency": "EUR",
            "availability": "https://schema.org/InStock",
            "validFrom": "2025-01-01T10:00:00+01:00",
            "validThrough": "2031-05-31T11:00:00+02:00",
        },
    }


@pytest.mark.parametrize(
    ("fields", "availability"),
    [
        ({"available_seats": 0}, "SoldOut"),
        ({"sales_start_at": datetime(2030, 1, 1, 9, tzinfo=UTC), **NEXT_DECADE}, "PreOrder"),
        ({"sales_end_at": datetime(2024, 7, 1, 9, tzinfo=UTC)}, "OutOfStock"),
        ({"status": "cancelled"}, "OutOfStock"),
    ],
)
def test_search_engines_are_told_what_is_to_be_had(
    client: Client, fields: dict[str, Any], availability: str
) -> None:
    document = document_of(client.get(f"/events/{make_event(**fields).pk}/"))
    assert document["offers"]["availability"] == f"https://schema.org/{availability}"
    is_off = fields.get("status") == "cancelled"
    status = "EventCancelled" if is_off else "EventScheduled"
    assert document["eventStatus"] == f"https://schema.org/{status}"


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_texts_are_shown_as_they_are(client: Client, text: str) -> None:
    event = make_event(name=text, venue=text, description=text)
    answer = client.get(f"/events/{event.pk}/")
    assert document_of(answer)["name"] == text
    assert f'<h1 dir="auto">{escape(text)}</h1>' in text_of(answer)
    assert "<script>alert" not in answer.content.decode()
    assert "<!--" not in text_of(answer)


def test_a_message_with_the_link_shows_a_preview(client: Client) -> None:
    event = make_event(name="Late Jazz", description="Blue & <b>true</b>. " + "x" * 200)
    page = text_of(client.get(f"/events/{event.pk}/?seats=3"))
    address = f"http://testserver/events/{event.pk}/"
    about = "Blue &amp; &lt;b&gt;true&lt;/b&gt;. xxx"
    assert f'<link rel="canonical" href="{address}">' in page
    assert f'<meta name="description" content="{about}' in page
    for name, content in (("title", "Late Jazz"), ("url", address), ("description", about)):
        assert f'<meta property="og:{name}" content="{content}' in page
    assert '<meta property="og:image" content="http://testserver/static/evently/social.png"' in page
    assert '<meta name="twitter:card" content="summary_large_image">' in page


def test_a_draft_tells_search_engines_nothing() -> None:
    owner = make_user()
    event = make_event(make_organiser(owner), status="draft")
    page = logged_in(owner).get(f"/events/{event.pk}/").content.decode()
    assert '<meta name="robots" content="noindex">' in page
    assert "ld+json" not in page


def test_a_draft_is_shown_to_its_team_alone(client: Client) -> None:
    owner, colleague, stranger = make_user(), make_user(), make_user()
    organiser = make_organiser(owner)
    add_member(organiser, colleague, Role.VIEWER)
    address = f"/events/{make_event(organiser, status='draft').pk}/"
    assert logged_in(owner).get(address).status_code == 200
    assert logged_in(colleague).get(address).status_code == 200
    assert logged_in(stranger).get(address).status_code == 404
    assert client.get(address).status_code == 404


def test_an_unknown_event_is_a_page_404(client: Client) -> None:
    answer = client.get(f"/events/{uuid4()}/")
    assert answer.status_code == 404
    assert "There is nothing here" in text_of(answer)


def test_it_takes_few_queries(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    event, user = make_event(capacity=300), make_user()
    for number in range(20):
        make_booking(event, user if number == 3 else None)
    with django_assert_max_num_queries(1):
        Client().get(f"/events/{event.pk}/")
    client = logged_in(user)
    with django_assert_max_num_queries(6):
        assert "You have 1 seat here" in text_of(client.get(f"/events/{event.pk}/"))


# --- Booking ------------------------------------------------------------------------------------


def test_booking_leads_to_the_ticket() -> None:
    event, user = make_event(price=Decimal("12.50"), name="Late Jazz"), make_user()
    client = logged_in(user)
    answer = send_form(client, event, 3)
    booking = Booking.objects.get()
    assert (booking.user, booking.quantity) == (user, 3)
    assert answer.headers["Location"] == f"/bookings/{booking.reference}/"
    ticket = text_of(client.get(answer.headers["Location"]))
    for shown in (booking.reference, "Late Jazz", "€37.50", "€12.50 a seat", "Cancel booking"):
        assert shown in ticket


def test_a_stranger_logs_in_first_and_comes_back_with_the_seats_typed(client: Client) -> None:
    event = make_event()
    assert 'method="get"' in client.get(f"/events/{event.pk}/").content.decode()
    answer = client.get(f"/events/{event.pk}/book", {"seats": 3})
    assert answer.status_code == 302
    assert answer.headers["Location"] == (f"/accounts/login/?next=/events/{event.pk}/%3Fseats%3D3")
    client.force_login(make_user())
    assert 'value="3"' in text_of(client.get(f"/events/{event.pk}/?seats=3"))
    assert not Booking.objects.exists()


def test_sending_the_form_again_gives_the_first_ticket() -> None:
    event = make_event(repeat_bookings_allowed=True)
    client = logged_in()
    key = form_key(client, event)
    first = send_form(client, event, 2, key)
    second = send_form(client, event, 2, key)
    assert first.headers["Location"] == second.headers["Location"]
    assert Booking.objects.count() == 1


def test_each_showing_of_the_form_is_a_wish_of_its_own() -> None:
    event = make_event(repeat_bookings_allowed=True)
    client = logged_in()
    send_form(client, event, 2)
    send_form(client, event, 2)
    assert Booking.objects.count() == 2


def test_fewer_seats_than_asked_for_says_how_many_and_keeps_what_was_typed() -> None:
    event = make_event(available_seats=3, max_per_booking=6)
    answer = send_form(logged_in(), event, 4)
    page = text_of(answer)
    assert answer.status_code == 409
    assert "3 seats are left. You asked for 4. Take 3 or fewer" in page
    assert 'role="alert"' in page
    assert 'value="4"' in page
    assert not Booking.objects.exists()


def test_sold_out_is_said_clearly() -> None:
    event = make_event(available_seats=1)
    client = logged_in()
    key = form_key(client, event)
    make_booking(event)
    answer = send_form(client, event, 1, key)
    assert answer.status_code == 409
    assert "The last seats have just gone. Nothing was booked." in text_of(answer)


def test_a_second_booking_is_refused_with_the_way_to_the_first() -> None:
    event, user = make_event(), make_user()
    client = logged_in(user)
    key = form_key(client, event)
    booking = make_booking(event, user)
    answer = send_form(client, event, 1, key)
    assert answer.status_code == 409
    assert "You have a booking for this event already." in text_of(answer)
    assert f"/bookings/{booking.reference}/" in text_of(answer)
    assert Booking.objects.count() == 1


def test_the_same_form_for_another_number_of_seats_is_refused() -> None:
    event = make_event(repeat_bookings_allowed=True)
    client = logged_in()
    key = form_key(client, event)
    send_form(client, event, 1, key)
    answer = send_form(client, event, 2, key)
    assert answer.status_code == 422
    assert "Your first booking counts" in text_of(answer)
    assert Booking.objects.count() == 1


@pytest.mark.parametrize("seats", ["", "0", "-1", "many", "1.5", "99999999999", "²", "7"])
def test_nonsense_is_refused_in_words(seats: str) -> None:
    event = make_event(max_per_booking=6)
    answer = send_form(logged_in(), event, seats)
    assert answer.status_code == 400
    assert 'role="alert"' in text_of(answer)
    assert '<h1 dir="auto">Late Jazz</h1>' in text_of(answer)
    assert not Booking.objects.exists()


def test_a_cancelled_event_refuses() -> None:
    event = make_event()
    client = logged_in()
    key = form_key(client, event)
    Event.objects.update(status=Event.Status.CANCELLED)
    answer = send_form(client, event, 1, key)
    assert answer.status_code == 409
    assert "This event was cancelled." in text_of(answer)


def test_the_form_is_protected_against_other_sites() -> None:
    event = make_event()
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())
    answer = send_form(client, event, 1)
    assert answer.status_code == 403
    assert not Booking.objects.exists()


def test_the_address_of_the_form_leads_to_the_event(client: Client) -> None:
    event = make_event()
    answer = client.get(f"/events/{event.pk}/book")
    assert answer.headers["Location"] == f"/events/{event.pk}/"


# --- Tickets and my bookings --------------------------------------------------------------------


def test_a_ticket_is_shown_to_its_owner_and_the_team_alone() -> None:
    owner, colleague, stranger = make_user(), make_user(), make_user()
    organiser = make_organiser()
    add_member(organiser, colleague, Role.VIEWER)
    booking = make_booking(make_event(organiser), owner)
    address = f"/bookings/{booking.reference}/"
    assert logged_in(owner).get(address).status_code == 200
    assert logged_in(owner).get(address.lower()).status_code == 200
    assert logged_in(colleague).get(address).status_code == 200
    assert logged_in(stranger).get(address).status_code == 404
    assert Client().get(address).headers["Location"] == f"/accounts/login/?next={address}"


def test_a_ticket_has_a_code_that_leads_to_it() -> None:
    user = make_user()
    booking = make_booking(make_event(), user)
    page = logged_in(user).get(f"/bookings/{booking.reference}/").content.decode()
    assert qr(f"http://testserver/bookings/{booking.reference}/") in page
    assert 'aria-label="QR code that leads to this ticket"' in page
    assert "style=" not in page


def test_the_name_stands_on_the_ticket() -> None:
    owner, buyer = make_user("Olga"), make_user("Bea")
    booking = make_booking(make_event(make_organiser(owner)), buyer)
    assert "<bdi>Bea</bdi>" in text_of(logged_in(owner).get(f"/bookings/{booking.reference}/"))
    assert "<bdi>Bea</bdi>" in text_of(logged_in(buyer).get(f"/bookings/{booking.reference}/"))


@pytest.mark.parametrize(
    ("change", "said", "unsaid"),
    [
        ({}, "Show this page, or a print of it, at the door", "The event is over"),
        (
            {"starts_at": LAST_YEAR, "ends_at": LAST_YEAR + timedelta(1)},
            "The event is over",
            "door",
        ),
    ],
)
def test_a_ticket_says_what_now(change: dict[str, Any], said: str, unsaid: str) -> None:
    user = make_user()
    booking = make_booking(make_event(), user)
    Event.objects.update(**change) if change else None
    page = text_of(logged_in(user).get(f"/bookings/{booking.reference}/"))
    assert said in page
    assert unsaid not in page


def calendar_of(client: Client, booking: Booking) -> Any:
    answer = client.get(f"/bookings/{booking.reference}/ticket.ics")
    calendar = Calendar.from_ical(answer.content)
    media_type = f"text/calendar; method={calendar['METHOD']}; charset=utf-8"
    assert answer.headers["Content-Type"] == media_type
    assert booking.reference in answer.headers["Content-Disposition"]
    return calendar


def test_a_ticket_goes_into_a_calendar_on_the_events_own_clocks() -> None:
    user = make_user()
    starts_at = datetime(2031, 7, 1, 18, 0, tzinfo=UTC)
    booking = make_booking(make_event(name="Jazz, late; 🎷", starts_at=starts_at), user, 2)
    calendar = calendar_of(logged_in(user), booking)
    [entry], [zone] = calendar.events, calendar.timezones
    assert zone.tz_name == "Europe/Berlin"
    assert entry["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert (entry.start, entry.end) == (starts_at, starts_at + timedelta(hours=3))
    assert (entry["SUMMARY"], entry["LOCATION"]) == ("Jazz, late; 🎷", "Cellar")
    assert (entry["UID"], entry["STATUS"]) == (f"{booking.pk}@evently", "CONFIRMED")
    assert entry["URL"] == f"http://testserver/bookings/{booking.reference}/"
    assert f"2 seats, reference {booking.reference}" in entry["DESCRIPTION"]


def test_the_file_of_a_cancelled_ticket_takes_the_entry_out_of_the_calendar() -> None:
    user = make_user()
    booking = make_booking(make_event(), user)
    client = logged_in(user)
    [before] = calendar_of(client, booking).events
    client.post(f"/bookings/{booking.reference}/cancel")
    [after] = calendar_of(client, booking).events
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["STATUS"] == "CANCELLED"


def test_an_event_that_is_off_is_off_in_the_calendar_too() -> None:
    user = make_user()
    booking = make_booking(make_event(timezone="UTC"), user)
    Event.objects.update(status=Event.Status.CANCELLED)
    [entry] = calendar_of(logged_in(user), booking).events
    assert entry["STATUS"] == "CANCELLED"


def test_a_calendar_file_is_for_its_owner_and_the_team_alone() -> None:
    owner, colleague, stranger = make_user(), make_user(), make_user()
    organiser = make_organiser()
    add_member(organiser, colleague, Role.VIEWER)
    booking = make_booking(make_event(organiser), owner)
    address = f"/bookings/{booking.reference}/ticket.ics"
    assert logged_in(owner).get(address).status_code == 200
    assert logged_in(colleague).get(address).status_code == 200
    assert logged_in(stranger).get(address).status_code == 404
    assert Client().get(address).headers["Location"] == f"/accounts/login/?next={address}"


def test_cancelling_asks_first_and_gives_the_seats_back() -> None:
    event, user = make_event(capacity=10), make_user()
    booking = make_booking(event, user, quantity=3)
    mark_paid(booking)
    client, address = logged_in(user), f"/bookings/{booking.reference}/cancel"
    question = text_of(client.get(address))
    assert "Cancel this booking?" in question
    assert "€60.00 will be refunded" in question
    assert Booking.objects.get().status == Booking.Status.CONFIRMED
    ticket = client.post(address, follow=True)
    assert Event.objects.get().available_seats == 10
    assert "Cancelled" in text_of(ticket)
    assert "€60.00 will be refunded" in text_of(ticket)


def test_cancelling_twice_shows_the_cancelled_ticket() -> None:
    user = make_user()
    booking = make_booking(make_event(capacity=10), user)
    client, address = logged_in(user), f"/bookings/{booking.reference}/cancel"
    client.post(address)
    assert client.post(address, follow=True).status_code == 200
    assert "cannot be cancelled" in text_of(client.get(address))
    assert Event.objects.get().available_seats == 10


def test_a_colleague_who_only_looks_on_cannot_cancel() -> None:
    colleague, organiser = make_user(), make_organiser()
    add_member(organiser, colleague, Role.VIEWER)
    booking = make_booking(make_event(organiser))
    answer = logged_in(colleague).post(f"/bookings/{booking.reference}/cancel")
    assert answer.status_code == 403
    assert "Ask an owner or a manager" in text_of(answer)
    assert Booking.objects.get().status == Booking.Status.CONFIRMED


def test_a_stranger_cannot_cancel() -> None:
    booking = make_booking(make_event())
    answer = logged_in().post(f"/bookings/{booking.reference}/cancel", follow=True)
    assert answer.status_code == 404
    assert Booking.objects.get().status == Booking.Status.CONFIRMED


def test_my_bookings_are_grouped(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    user = make_user()
    make_booking(make_event(name="Later", starts_at=datetime.now(UTC) + timedelta(days=9)), user)
    make_booking(make_event(name="Soon", starts_at=datetime.now(UTC) + timedelta(days=2)), user)
    past = make_booking(make_event(name="Gone"), user)
    Event.objects.filter(pk=past.event_id).update(
        starts_at=datetime(2024, 1, 1, tzinfo=UTC), ends_at=datetime(2024, 1, 2, tzinfo=UTC)
    )
    off = make_booking(make_event(name="Off"), user)
    client = logged_in(user)
    client.post(f"/bookings/{off.reference}/cancel")
    make_booking(make_event(name="Somebody else's"))
    with django_assert_max_num_queries(6):
        page = text_of(client.get("/bookings/"))
    shown = ["Next", "Soon", "Later", "Past", "Gone", "Cancelled", "Off"]
    places = [page.index(f">{word}</") for word in shown]
    assert places == sorted(places)
    assert "Somebody else" not in page


def test_no_bookings_yet_shows_the_way_to_the_events() -> None:
    assert "You have not booked anything yet." in text_of(logged_in().get("/bookings/"))
