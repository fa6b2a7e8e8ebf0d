"""Waiting for seats, by the numbers of the journeys, with a real browser and a real server."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from bookings.models import Booking
from bookings.services import cancel_booking
from evently.accounts.models import User
from events.models import Event
from tests.browser.conftest import Visit
from tests.browser.looking import book_button, page_of
from tests.browser.test_journeys import TICKET
from tests.makers import make_organiser, make_user
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
from waitlist.services import decline_offer, leave_waitlist

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OFFER = re.compile(r"/waitlist/offers/")
SOON_MS = 3_000


def line_of(event: Event) -> str:
    return f"/events/{event.pk}/waitlist/"


def offer_page(offer: Offer) -> str:
    return f"/waitlist/offers/{offer_token(offer)}/"


def position(page: Page) -> Locator:
    return page.locator("[data-waitlist] [data-show=position]")


def toast(page: Page) -> Locator:
    return page.locator("[data-toasts] a")


def offered(event: Event, user: User) -> Offer:
    entry = make_entry(event, user)
    cancel_one(event)
    return offer_of(entry)


def test_attendee_11_to_13_join_see_the_place_move_get_the_offer_and_take_it(
    visit: Visit,
) -> None:
    event, user = make_full_event(name="Late Jazz", capacity=3, price="12.50"), make_user()
    ahead = [make_entry(event) for _ in range(2)]
    page = visit(page_of(event), user)
    expect(page.get_by_text("Your place if you join now")).to_be_visible()
    page.get_by_role("link", name="Join the waitlist").click()
    page.get_by_label("Seats", exact=True).fill("1")
    page.get_by_role("button", name="Join the waitlist").click()
    expect(position(page)).to_have_text("3")
    leave_waitlist(event_id=event.pk, user=ahead[0].user, now=datetime.now(UTC))
    expect(position(page)).to_have_text("2", timeout=SOON_MS)
    cancel_one(event)
    expect(position(page)).to_have_text("1", timeout=SOON_MS)
    cancel_one(event)
    expect(toast(page)).to_contain_text("Late Jazz", timeout=SOON_MS)
    toast(page).click()
    page.wait_for_url(OFFER)
    expect(page.get_by_text("€12.50", exact=True)).to_be_visible()
    expect(page.locator("[data-show=left]")).to_have_text(re.compile(r"^(24:00:00|23:\d\d:\d\d)$"))
    page.get_by_role("button", name="Take it").click()
    expect(page).to_have_url(TICKET)
    assert Booking.objects.filter(user=user, event=event).count() == 1


def test_an_offer_that_is_declined_goes_to_the_next_who_sees_it_at_once(visit: Visit) -> None:
    event, user, second = make_full_event(name="Late Jazz"), make_user(), make_user()
    offer = offered(event, user)
    make_entry(event, second)
    waiting = visit(line_of(event), second)
    expect(position(waiting)).to_have_text("1")
    page = visit(offer_page(offer), user)
    page.get_by_role("button", name="No, let others have it").click()
    expect(page.get_by_role("heading", name="You let these seats go")).to_be_visible()
    expect(toast(waiting)).to_contain_text("Late Jazz", timeout=SOON_MS)


def test_attendee_12_the_time_is_said_aloud_and_then_the_page_says_passed_on(
    visit: Visit,
) -> None:
    event, user = make_full_event(), make_user()
    set_line(event, offer_minutes=10)
    offer = offered(event, user)
    page = visit("about:blank", user)
    page.clock.install()
    page.goto(offer_page(offer))
    voice = page.locator("[data-countdown] [data-speak]")
    expect(page.locator("[data-show=left]")).to_have_text(re.compile(r"^(10:00|9:\d\d)$"))
    expect(voice).to_have_text("")
    page.clock.run_for("05:00")
    expect(voice).to_have_text("5 minutes left to take the offer.")
    page.clock.run_for("04:00")
    expect(voice).to_have_text("1 minute left to take the offer.")
    over = datetime.now(UTC) - timedelta(seconds=1)
    Offer.objects.update(made_at=over - timedelta(minutes=10), expires_at=over)
    page.clock.run_for("01:00")
    expect(voice).to_have_text("The time is over. The seats go on to others.")
    page.clock.run_for("00:06")
    expect(page.get_by_role("heading", name="This offer has passed on")).to_be_visible()
    page.get_by_role("link", name="Back to the waitlist").click()
    expect(page.get_by_role("heading", name="Join the waitlist")).to_be_visible()


def test_an_offer_works_without_script(visit: Visit) -> None:
    event, user = make_full_event(), make_user()
    page = visit(offer_page(offered(event, user)), user, java_script_enabled=False)
    expect(page.get_by_text("Take it by")).to_be_visible()
    expect(page.locator("[data-show=left]")).to_have_text(re.compile(r"^(24:00:00|23:\d\d:\d\d)$"))
    page.get_by_role("button", name="Take it").click()
    expect(page).to_have_url(TICKET)


def test_an_open_offer_page_shows_that_it_got_more_time_or_was_taken_back(visit: Visit) -> None:
    owner, user = make_user("Olga"), make_user()
    event = make_full_event(make_organiser(owner))
    offer = offered(event, user)
    page = visit(offer_page(offer), user)
    admin = visit(f"/admin/waitlist/entry/{offer.entry_id}/extend/", owner)
    admin.get_by_label("Minutes more").fill("25")
    admin.get_by_role("button", name="Give more time").click()
    expect(page.locator("[data-show=left]")).to_have_text(
        re.compile(r"^24:2[45]:\d\d$"), timeout=SOON_MS
    )
    decline_offer(offer_id=offer.pk, user=user, now=datetime.now(UTC))
    expect(page.get_by_role("heading", name="You let these seats go")).to_be_visible(
        timeout=SOON_MS
    )


def test_attendee_14_leaving_is_one_click(visit: Visit) -> None:
    event, user = make_full_event(), make_user()
    entry = make_entry(event, user)
    page = visit("/bookings/", user)
    page.get_by_role("main").get_by_role("link", name="Late Jazz").click()
    page.get_by_role("button", name="Leave the waitlist").click()
    expect(page.get_by_text("You have left the waitlist.")).to_be_visible()
    assert status_of(entry) == "left"


def test_attendee_5_whoever_is_too_late_is_led_to_the_waitlist(visit: Visit) -> None:
    event, user = make_full_event(capacity=3, max_per_booking=3), make_user()
    booking = Booking.objects.filter(event=event)[0]
    cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))
    page = visit(page_of(event), user)
    page.get_by_label("Seats", exact=True).fill("2")
    book_button(page).click()
    page.get_by_role("alert").get_by_role("link", name="Join the waitlist").click()
    expect(page.get_by_label("Seats", exact=True)).to_have_value("2")
    page.get_by_role("button", name="Join the waitlist").click()
    expect(page.get_by_role("heading", name="You are on the waitlist")).to_be_visible()
    assert Entry.objects.get(user=user).quantity == 2


def test_a_page_that_sells_out_while_it_is_looked_at_shows_the_way_to_wait(visit: Visit) -> None:
    event = make_full_event(capacity=2)
    booking = Booking.objects.filter(event=event)[0]
    cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))
    page = visit(page_of(event))
    way_in = page.get_by_role("link", name="Join the waitlist")
    expect(way_in).to_be_hidden()
    visit(page_of(event), make_user()).get_by_role("button", name="Book", exact=True).click()
    expect(way_in).to_be_visible(timeout=SOON_MS)
    way_in.click()
    expect(page.get_by_role("link", name="Log in and join")).to_be_visible()


def test_organiser_7_pauses_the_line_and_offers_a_kept_seat_by_hand(visit: Visit) -> None:
    owner, favourite = make_user("Olga"), make_user("Finn")
    event = make_full_event(make_organiser(owner))
    first, second = make_entry(event), make_entry(event, favourite)
    page = visit(f"/admin/events/event/{event.pk}/change/", owner)
    page.get_by_role("link", name="Waitlist…").click()
    page.get_by_label("Paused").check()
    page.get_by_role("button", name="Save the rules").click()
    expect(page.get_by_text("has these rules now")).to_be_visible()
    cancel_one(event)
    guest = visit(line_of(event), favourite)
    expect(guest.get_by_text("The organiser has paused the waitlist")).to_be_visible()
    page.get_by_role("link", name="Waitlist…").click()
    page.get_by_role("link", name="Who is waiting").click()
    page.get_by_role("link", name="Finn").click()
    page.get_by_role("link", name="Offer seats…").click()
    page.get_by_role("button", name="Offer them").click()
    expect(page.get_by_text("is offered 1 seat")).to_be_visible()
    expect(toast(guest)).to_contain_text("Late Jazz", timeout=SOON_MS)
    assert (status_of(first), status_of(second)) == ("waiting", "offered")
