"""The pages of a visitor: event, booking form, tickets and my bookings."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bookings.models import Booking
from evently.accounts.models import User
from events.models import Event, Role
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user

Answer = Any  # The test client's response, with `content`.

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
    """The page without the words kept for its script, every space a single one."""
    page = re.sub(r'<script id="words".*?</script>', "", answer.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", page)


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
    ("fields", "said"),
    [
        ({"available_seats": 0}, "Sold out. When somebody cancels"),
        ({"status": "cancelled"}, "This event was cancelled"),
        ({"starts_at": datetime(2024, 1, 1, tzinfo=UTC)}, "This event is over"),
    ],
)
def test_it_says_when_nothing_can_be_booked(
    client: Client, fields: dict[str, Any], said: str
) -> None:
    event = make_event(**fields)
    assert said in text_of(client.get(f"/events/{event.pk}/"))


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
    with django_assert_max_num_queries(4):
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
    answer = send_form(client, event, 3)
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
    assert "<h1>Late Jazz</h1>" in text_of(answer)
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


def test_cancelling_asks_first_and_gives_the_seats_back() -> None:
    event, user = make_event(capacity=10), make_user()
    booking = make_booking(event, user, quantity=3)
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
    with django_assert_max_num_queries(4):
        page = text_of(client.get("/bookings/"))
    shown = ["Next", "Soon", "Later", "Past", "Gone", "Cancelled", "Off"]
    places = [page.index(f">{word}</") for word in shown]
    assert places == sorted(places)
    assert "Somebody else" not in page


def test_no_bookings_yet_shows_the_way_to_the_events() -> None:
    assert "You have not booked anything yet." in text_of(logged_in().get("/bookings/"))
