"""The bell, the messages above the page, and the place in a line that moves, in a real browser."""

import time
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from evently.accounts.models import User
from tests.browser.conftest import Visit
from tests.browser.looking import NO_WEBSOCKET, page_of
from tests.makers import make_booking, make_event, make_user
from tests.waitlist.people import cancel_one, make_entry, make_full_event, offer_of
from waitlist.queries import offer_token
from waitlist.services import leave_waitlist, withdraw_offer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATIENCE_SECONDS = 10.0


def bell(page: Page) -> Locator:
    return page.locator("[data-unread]")


def toasts(page: Page) -> Locator:
    return page.locator("[data-toasts] .toast")


def reader() -> User:
    return make_user("Rea")


def open_live(visit: Visit, path: str, user: User) -> Page:
    """The page, once its own line has greeted it: whatever happens from now on is heard."""
    page = visit("about:blank", user)
    heard: list[object] = []

    def listen(socket: WebSocket) -> None:
        if socket.url.endswith("/ws/me/"):
            socket.on("framereceived", lambda frame: heard.append(frame))

    page.on("websocket", listen)
    page.goto(path)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not heard and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    assert heard, "the page's line says nothing"
    return page


def test_attendee_12_an_offer_comes_to_the_open_page_within_a_second(visit: Visit) -> None:
    event, user = make_full_event(name="Late Jazz"), reader()
    entry = make_entry(event, user)
    page = open_live(visit, f"/events/{event.pk}/waitlist/", user)
    expect(bell(page)).to_have_text("1")
    cancel_one(event)
    toast = toasts(page)
    expect(toast).to_contain_text("1 seat for you, for 23 hours")
    expect(bell(page)).to_have_text("2")
    toast.get_by_role("link").click()
    page.wait_for_url(f"**/waitlist/offers/{offer_token(offer_of(entry))}/")
    expect(toasts(page)).to_have_count(0)


def test_a_message_is_said_politely_and_moves_nothing(visit: Visit) -> None:
    event, user = make_full_event(), reader()
    page = open_live(visit, "/", user)
    region = page.locator("[data-toasts]")
    expect(region).to_have_attribute("aria-live", "polite")
    top = page.locator("main h1").bounding_box()
    make_entry(event, user)
    expect(toasts(page)).to_contain_text("On the waitlist: Late Jazz")
    expect(bell(page)).to_have_text("1")
    assert page.locator("main h1").bounding_box() == top
    toasts(page).get_by_role("button", name="Put away").click()
    expect(toasts(page)).to_have_count(0)


def test_an_offer_that_was_put_away_does_not_come_back_on_the_next_page(visit: Visit) -> None:
    event, user = make_full_event(), reader()
    make_entry(event, user)
    cancel_one(event)
    page = visit("/", user)
    expect(toasts(page)).to_have_count(1)
    toasts(page).get_by_role("button", name="Put away").click()
    with page.expect_event("websocket", lambda socket: socket.url.endswith("/ws/me/")) as line:
        page.goto(page_of(event))
    line.value.wait_for_event("framereceived", lambda frame: '"offer"' in str(frame))
    expect(toasts(page)).to_have_count(0)


def test_the_place_in_line_moves_by_itself(visit: Visit) -> None:
    event, ahead, user = make_full_event(), make_user(), reader()
    make_entry(event, ahead, 1)
    make_entry(event, user)
    page = open_live(visit, f"/events/{event.pk}/waitlist/", user)
    place = page.locator("[data-show=position]")
    expect(place).to_have_text("2")
    leave_waitlist(event_id=event.pk, user=ahead, now=datetime.now(UTC))
    expect(place).to_have_text("1")


def test_the_page_of_an_offer_that_is_withdrawn_says_so(visit: Visit) -> None:
    event, user = make_full_event(), reader()
    entry = make_entry(event, user)
    cancel_one(event)
    offer = offer_of(entry)
    page = open_live(visit, f"/waitlist/offers/{offer_token(offer)}/", user)
    expect(page.locator("[data-countdown]")).to_be_visible()
    withdraw_offer(
        offer_id=offer.pk, by=make_user(is_staff=True, is_superuser=True), now=datetime.now(UTC)
    )
    expect(page.locator("[data-countdown]")).to_have_count(0)


def test_without_websockets_the_bell_asks(visit: Visit) -> None:
    event, user = make_event(), reader()
    page = visit("/", user, init=NO_WEBSOCKET)
    expect(bell(page)).to_be_hidden()
    make_booking(event, user)
    expect(bell(page)).to_have_text("1")


def test_without_script_notices_are_read_by_links_and_buttons(visit: Visit) -> None:
    event, user = make_event(), reader()
    booking = make_booking(event, user)
    make_entry(make_full_event(), user)
    page = visit("/", user, java_script_enabled=False)
    expect(bell(page)).to_have_text("2")
    page.locator("[data-bell]").click()
    page.get_by_role("link", name="Booked: Late Jazz").click()
    page.wait_for_url(f"**/bookings/{booking.reference}/")
    expect(bell(page)).to_have_text("1")
    page.locator("[data-bell]").click()
    page.get_by_role("button", name="Mark all as read").click()
    expect(bell(page)).to_be_hidden()
