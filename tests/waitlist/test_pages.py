"""The pages of those who wait, as a browser without script sees them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from evently.accounts.models import User
from events.models import Event
from tests.makers import make_booking, make_event, make_user
from tests.waitlist.people import (
    cancel_one,
    make_entry,
    make_full_event,
    offer_of,
    set_line,
    status_of,
)
from waitlist.models import Entry, Offer
from waitlist.queries import offer_token

pytestmark = pytest.mark.django_db


def logged_in(user: User | None = None) -> Client:
    client = Client()
    client.force_login(user or make_user())
    return client


def text_of(response: Any) -> str:
    """The page's own part, its white space made single."""
    page = response.content.decode()
    return " ".join(page[page.index("<main") : page.index("</main>")].split())


def event_page(event: Event) -> str:
    return reverse("bookings:event", args=[event.pk])


def line_page(event: Event) -> str:
    return reverse("waitlist:place", args=[event.pk])


def offer_page(offer: Offer, view: str = "offer") -> str:
    return reverse(f"waitlist:{view}", args=[offer_token(offer)])


def offered_to(user: User, event: Event) -> Offer:
    entry = make_entry(event, user)
    cancel_one(event)
    return offer_of(entry)


def let_pass(offer: Offer) -> None:
    over = datetime.now(UTC) - timedelta(seconds=1)
    Offer.objects.filter(pk=offer.pk).update(made_at=over - timedelta(hours=1), expires_at=over)


# --- The event's page -------------------------------------------------------------------------


def test_a_sold_out_event_leads_to_the_waitlist_with_the_seats_that_were_wanted() -> None:
    event = make_full_event(capacity=4)
    page = text_of(Client().get(event_page(event), {"seats": "2"}))
    assert f'href="{line_page(event)}?seats=2"' in page
    assert "Join the waitlist, 2 seats" in page


def test_what_is_kept_for_strangers_has_no_figures_that_grow_old() -> None:
    event = make_full_event()
    make_entry(event)
    response = Client().get(event_page(event))
    assert "Surrogate-Control" in response.headers
    assert "Your place if you join now" not in text_of(response)


def test_who_is_logged_in_sees_place_and_chance_before_joining() -> None:
    event = make_full_event(capacity=4)
    make_entry(event, quantity=3)
    page = text_of(logged_in().get(event_page(event)))
    assert "Your place if you join now" in page
    assert '<strong data-show="position">2</strong>' in page
    assert "Chance" in page


def test_who_waits_sees_their_place_instead_of_the_way_in() -> None:
    event, user = make_full_event(), make_user()
    make_entry(event, user)
    page = text_of(logged_in(user).get(event_page(event)))
    assert "You wait for 1 seat." in page
    assert f'data-waitlist="{event.pk}"' in page
    assert "Join the waitlist" not in page


def test_who_has_an_offer_is_led_to_it() -> None:
    event, user = make_full_event(), make_user()
    offer = offered_to(user, event)
    page = text_of(logged_in(user).get(event_page(event)))
    assert "Held for you: 1 seat." in page
    assert f'href="{offer_page(offer)}"' in page


def test_who_has_booked_is_not_asked_to_wait() -> None:
    event = make_full_event()
    holder = Booking.objects.get().user
    assert "Join the waitlist" not in text_of(logged_in(holder).get(event_page(event)))


def test_who_wants_more_seats_than_are_left_is_shown_the_way_to_wait_for_them() -> None:
    event = make_event(capacity=2)
    client = logged_in()
    answer = client.post(
        reverse("bookings:book", args=[event.pk]), {"seats": 3, "key": uuid4().hex}
    )
    assert answer.status_code == 409
    assert f'href="{line_page(event)}?seats=3"' in text_of(answer)


# --- Joining ----------------------------------------------------------------------------------


def test_a_stranger_sees_the_chances_and_is_led_to_the_log_in_and_back() -> None:
    event = make_full_event(capacity=4)
    page = text_of(Client().get(line_page(event), {"seats": "2"}))
    assert "Your place if you join now" in page
    back = f"/accounts/login/?next={line_page(event).replace('/', '%2F')}%3Fseats%3D2"
    assert f'href="{back}"' in page


def test_joining_needs_a_number_and_perhaps_a_tick() -> None:
    event, user = make_full_event(capacity=4), make_user()
    client = logged_in(user)
    sent = {"seats": "3", "part_is_fine": "on"}
    page = text_of(client.post(line_page(event), sent, follow=True))
    assert "You are on the waitlist" in page
    assert "You wait for 3 seats. Fewer would do." in page
    entry = Entry.objects.get()
    assert (entry.user, entry.quantity, entry.part_is_fine) == (user, 3, True)


def test_a_group_without_the_tick_is_told_all_or_none() -> None:
    event, client = make_full_event(capacity=4), logged_in()
    page = text_of(client.post(line_page(event), {"seats": "3"}, follow=True))
    assert "You are offered all of them or none." in page


def test_whoever_is_refused_is_told_why_beside_what_they_typed() -> None:
    event = make_event(capacity=4)
    answer = logged_in().post(line_page(event), {"seats": "3"})
    assert answer.status_code == 409
    assert "4 seats are free: book them instead of waiting." in text_of(answer)
    assert 'value="3"' in text_of(answer)
    assert not Entry.objects.exists()


@pytest.mark.parametrize("seats", ["", "0", "x", "-1"])
def test_what_is_no_number_of_seats_is_refused(seats: str) -> None:
    event = make_full_event()
    answer = logged_in().post(line_page(event), {"seats": seats})
    assert answer.status_code == 400
    assert "field-error" in text_of(answer)
    assert not Entry.objects.exists()


@pytest.mark.parametrize("seats", ["0", "x", "99999999", "-1", "²", "%00"])
def test_any_wish_in_the_address_is_answered(seats: str) -> None:
    event = make_full_event(max_per_booking=4)
    assert Client().get(f"{line_page(event)}?seats={seats}").status_code == 200
    assert logged_in().get(f"{event_page(event)}?seats={seats}").status_code == 200


def test_joining_twice_shows_the_place_that_there_is() -> None:
    event, client = make_full_event(), logged_in()
    for _ in range(2):
        page = text_of(client.post(line_page(event), {"seats": "1"}, follow=True))
    assert "You are on the waitlist" in page
    assert Entry.objects.count() == 1


def test_some_seats_that_are_free_are_told_to_who_wants_more() -> None:
    event = make_full_event(capacity=4)
    cancel_one(event)
    page = text_of(Client().get(line_page(event)))
    assert "1 seat can be booked right now; wait only for more." in page
    assert 'value="2"' in text_of(logged_in().get(line_page(event)))


def test_nobody_joins_the_line_of_an_event_that_is_over() -> None:
    event = make_full_event()
    past = datetime.now(UTC) - timedelta(days=2)
    Event.objects.update(starts_at=past, ends_at=past + timedelta(hours=2))
    page = text_of(logged_in().get(line_page(event)))
    assert "Nobody can join" in page
    assert "<form" not in page


def test_a_paused_line_says_so_and_promises_no_time() -> None:
    event, user = make_full_event(), make_user()
    make_entry(event, user)
    set_line(event, is_paused=True)
    page = text_of(logged_in(user).get(line_page(event)))
    assert "The organiser has paused the waitlist" in page
    assert "Wait, if it comes" not in page


def test_drafts_and_unknown_events_have_no_line() -> None:
    draft = make_event(status=Event.Status.DRAFT)
    for missing in (line_page(draft), reverse("waitlist:place", args=[uuid4()])):
        assert logged_in().get(missing).status_code == 404
        assert logged_in().post(missing, {"seats": 1}).status_code == 404


# --- Leaving ----------------------------------------------------------------------------------


def test_leaving_is_one_click() -> None:
    event, user = make_full_event(), make_user()
    entry = make_entry(event, user)
    client = logged_in(user)
    leave = reverse("waitlist:leave", args=[event.pk])
    assert f'action="{leave}"' in text_of(client.get(line_page(event)))
    assert "You have left the waitlist." in text_of(client.post(leave, follow=True))
    assert status_of(entry) == "left"
    assert client.post(leave, follow=True).status_code == 200


def test_nobody_leaves_by_following_a_link_or_for_another() -> None:
    event = make_full_event()
    entry = make_entry(event)
    leave = reverse("waitlist:leave", args=[event.pk])
    assert logged_in(entry.user).get(leave).status_code == 405
    logged_in().post(leave)
    Client().post(leave)
    assert status_of(entry) == "waiting"


# --- The offer --------------------------------------------------------------------------------


def test_an_offer_says_price_deadline_and_time_left() -> None:
    event, user = make_full_event(price=Decimal("12.50"), timezone="Europe/Berlin"), make_user()
    offer = offered_to(user, event)
    page = text_of(logged_in(user).get(offer_page(offer)))
    assert "1 seat for you" in page
    assert "€12.50" in page
    assert f'datetime="{offer.expires_at.isoformat()}"' in page
    assert "Berlin time" in page
    assert "Take it by" in page
    [left] = [word for word in page.split() if word.startswith("data-countdown=")]
    assert 86_300 < int(left.split('"')[1]) <= 86_400


def test_ones_place_leads_to_the_offer() -> None:
    event, user = make_full_event(), make_user()
    offer = offered_to(user, event)
    assert logged_in(user).get(line_page(event)).headers["Location"] == offer_page(offer)


def test_taking_an_offer_leads_to_the_ticket_and_so_does_its_link_later() -> None:
    event, user = make_full_event(), make_user()
    offer = offered_to(user, event)
    client = logged_in(user)
    answer = client.post(offer_page(offer, "accept"))
    booking = Booking.objects.get(user=user)
    ticket = reverse("bookings:ticket", args=[booking.reference])
    assert answer.headers["Location"] == ticket
    for again in (client.get(offer_page(offer)), client.post(offer_page(offer, "accept"))):
        assert again.headers["Location"] == ticket
    assert Booking.objects.filter(user=user).count() == 1


def test_who_says_no_sees_that_the_seats_went_on() -> None:
    event, user = make_full_event(), make_user()
    offer, second = offered_to(user, event), make_entry(event)
    client = logged_in(user)
    page = text_of(client.post(offer_page(offer, "decline"), follow=True))
    assert "You let these seats go" in page
    assert status_of(second) == "offered"
    assert "You let these seats go" in text_of(
        client.post(offer_page(offer, "decline"), follow=True)
    )


def test_after_the_deadline_the_link_says_passed_on_and_shows_the_way_back() -> None:
    event, user = make_full_event(), make_user()
    offer = offered_to(user, event)
    let_pass(offer)
    client = logged_in(user)
    page = text_of(client.get(offer_page(offer)))
    assert "This offer has passed on" in page
    assert f'href="{line_page(event)}?seats=1"' in page
    assert "Take it" not in page
    late = client.post(offer_page(offer, "accept"))
    assert late.status_code == 410
    assert "This offer has passed on" in text_of(late)
    assert not Booking.objects.filter(user=user).exists()


def test_the_way_back_is_open_before_the_round_that_lets_offers_pass() -> None:
    event, user = make_full_event(), make_user()
    offer, second = offered_to(user, event), make_entry(event)
    let_pass(offer)
    client = logged_in(user)
    assert "Join the waitlist" in text_of(client.get(line_page(event)))
    assert status_of(second) == "offered"
    joined = client.post(line_page(event), {"seats": "1"}, follow=True)
    assert "You are on the waitlist" in text_of(joined)


def test_who_waits_again_is_shown_that_place() -> None:
    event, user = make_full_event(), make_user()
    offer = offered_to(user, event)
    client = logged_in(user)
    client.post(offer_page(offer, "decline"))
    make_booking(event)
    make_entry(event, user)
    assert "Show your place" in text_of(client.get(offer_page(offer)))


@pytest.mark.parametrize("view", ["offer", "accept", "decline"])
def test_another_persons_link_and_a_forged_one_are_a_page_404(view: str) -> None:
    event, user = make_full_event(), make_user()
    offer = offered_to(user, event)
    method = "get" if view == "offer" else "post"
    for who, link in (
        (make_user(), offer_page(offer, view)),
        (user, reverse(f"waitlist:{view}", args=[f"{offer.pk.hex}.forged"])),
        (user, reverse(f"waitlist:{view}", args=[offer.pk.hex])),
    ):
        answer = getattr(logged_in(who), method)(link)
        assert answer.status_code == 404
        assert "There is nothing here" in text_of(answer)
    assert Offer.objects.get().status == Offer.Status.OPEN


def test_a_link_asks_whoever_is_not_logged_in_for_that() -> None:
    event, user = make_full_event(), make_user()
    offer = offered_to(user, event)
    answer = Client().get(offer_page(offer))
    assert answer.headers["Location"].startswith("/accounts/login/?next=/waitlist/offers/")


def test_pages_of_an_offer_are_kept_by_nobody() -> None:
    event, user = make_full_event(), make_user()
    offer = offered_to(user, event)
    for path in (offer_page(offer), line_page(event)):
        assert "Surrogate-Control" not in logged_in(user).get(path).headers


# --- My bookings ------------------------------------------------------------------------------


def test_my_bookings_shows_offers_before_places_and_nobody_elses() -> None:
    user, first, second = make_user(), make_full_event(name="First"), make_full_event(name="Second")
    make_entry(make_full_event(name="Third"))
    make_entry(first, user)
    offered_to(user, second)
    page = text_of(logged_in(user).get(reverse("bookings:mine")))
    places = [page.index(f">{word}</") for word in ("Offers", "Second", "Waiting", "First")]
    assert places == sorted(places)
    assert "Third" not in page
