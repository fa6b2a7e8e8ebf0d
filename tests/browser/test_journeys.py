"""What a visitor does, with a real browser and a real server."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from bookings.models import Booking
from bookings.services import cancel_booking
from events.models import Event
from tests.browser.conftest import Visit
from tests.makers import PASSWORD, make_booking, make_event, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NO_WEBSOCKET = "window.WebSocket = class { constructor() { throw new Error('blocked') } };"
WEBSOCKET_FROM_THE_FOURTH_TRY = """
const Real = window.WebSocket;
let tries = 0;
window.WebSocket = class extends Real {
  constructor(address) {
    if ((tries += 1) < 4) throw new Error("blocked");
    super(address);
  }
};
"""


def page_of(event: Event) -> str:
    return f"/events/{event.pk}/"


def seats(place: Page | Locator) -> Locator:
    return place.locator("[data-show=seats]")


def is_live(page: Page) -> None:
    expect(page.locator("[data-connection]")).to_have_text("Live")


def test_sign_up_book_see_the_ticket_and_cancel(visit: Visit) -> None:
    event = make_event(name="Late Jazz", capacity=10, price="12.50")
    page = visit("/")
    page.get_by_role("link", name="Late Jazz").click()
    page.get_by_label("One seat more").click()
    expect(page.get_by_text("Total €25.00")).to_be_visible()
    page.get_by_role("button", name="Log in and book").click()
    page.get_by_role("main").get_by_role("link", name="Sign up").click()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_label("Seats", exact=True)).to_have_value("2")
    page.get_by_role("button", name="Book", exact=True).click()
    booking = Booking.objects.get()
    expect(page.get_by_text(booking.reference)).to_be_visible()
    expect(page.get_by_text("€25.00")).to_be_visible()
    page.get_by_role("link", name="My bookings").first.click()
    page.get_by_role("link", name="Late Jazz").click()
    page.get_by_role("link", name="Cancel booking").click()
    page.get_by_role("button", name="Cancel booking").click()
    expect(page.get_by_text("Your seats are free for others.")).to_be_visible()
    event.refresh_from_db()
    assert event.available_seats == 10


def test_booking_in_one_browser_moves_the_count_in_the_other(visit: Visit) -> None:
    event = make_event(capacity=500, available_seats=40)
    looking = visit(page_of(event))
    is_live(looking)
    expect(seats(looking)).to_have_text("40 of 500 seats left")
    booking = visit(page_of(event), make_user())
    expect(looking.locator("[data-show=viewers]")).to_have_text(" · 2 people are looking")
    booking.get_by_label("Seats", exact=True).fill("3")
    booking.get_by_role("button", name="Book", exact=True).click()
    began = time.monotonic()
    expect(seats(looking)).to_have_text("37 of 500 seats left", timeout=2_000)
    assert time.monotonic() - began < 2


def test_the_catalogue_moves_by_itself(visit: Visit) -> None:
    event, last, off = make_event(capacity=10), make_event(capacity=1), make_event()
    page = visit("/?available=on")
    Event.objects.filter(pk=off.pk).update(status=Event.Status.CANCELLED, version=2)
    make_booking(event, quantity=4)
    make_booking(last)
    card = page.locator(f"[data-event='{event.pk}']")
    expect(seats(card)).to_have_text("6 of 10 seats left", timeout=8_000)
    for gone, chip in ((last, "Sold out"), (off, "Cancelled")):
        shown = page.locator(f"[data-event='{gone.pk}'] [data-show=chip]")
        expect(shown).to_have_text(chip, timeout=8_000)


def test_without_websockets_the_page_polls(visit: Visit) -> None:
    event = make_event(capacity=10)
    page = visit(page_of(event), init=NO_WEBSOCKET)
    expect(page.locator("[data-connection]")).to_have_class("connection polling")
    make_booking(event, quantity=4)
    expect(seats(page)).to_have_text("6 of 10 seats left", timeout=4_000)


def test_the_live_line_comes_back(visit: Visit) -> None:
    event = make_event(capacity=10)
    page = visit(page_of(event), init=WEBSOCKET_FROM_THE_FOURTH_TRY)
    expect(page.locator("[data-connection]")).to_have_class("connection polling")
    expect(page.locator("[data-connection]")).to_have_class("connection live", timeout=10_000)
    polls: list[str] = []
    page.on("request", lambda request: polls.append(request.url))
    make_booking(event, quantity=4)
    expect(seats(page)).to_have_text("6 of 10 seats left", timeout=2_000)
    page.wait_for_timeout(2_500)
    assert polls == []


def test_an_event_sells_out_while_somebody_looks_and_opens_again(visit: Visit) -> None:
    event, buyer = make_event(capacity=2), make_user()
    page = visit(page_of(event), make_user())
    is_live(page)
    button = page.get_by_role("button", name="Book", exact=True)
    booking = make_booking(event, buyer, quantity=2)
    expect(page.locator("[data-show=chip]")).to_have_text("Sold out")
    expect(page.get_by_text("When somebody cancels")).to_be_visible()
    expect(button).to_be_hidden()
    cancel_booking(reference=booking.reference, by=buyer, now=booking.created_at)
    expect(button).to_be_visible()
    expect(seats(page)).to_have_text("2 of 2 seats left")


def test_a_refusal_says_what_to_do_and_keeps_what_was_typed(visit: Visit) -> None:
    event = make_event(capacity=10, available_seats=3)
    page = visit(page_of(event), make_user())
    page.get_by_label("Seats", exact=True).fill("4")
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("3 seats are left. You asked for 4.")
    expect(page.get_by_label("Seats", exact=True)).to_have_value("4")
    page.get_by_label("Seats", exact=True).fill("3")
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page).to_have_url(re.compile(r"/bookings/\w+/$"))


def test_booking_works_without_script(visit: Visit) -> None:
    event = make_event(capacity=10)
    page = visit(page_of(event), make_user(), java_script_enabled=False)
    page.get_by_label("Seats", exact=True).fill("2")
    page.get_by_role("button", name="Book", exact=True).click()
    booking = Booking.objects.get()
    expect(page.get_by_text(booking.reference)).to_be_visible()
    assert booking.quantity == 2


@pytest.mark.parametrize("script", [True, False])
def test_a_double_click_books_once(visit: Visit, script: bool) -> None:
    event = make_event(capacity=10, repeat_bookings_allowed=True)
    page = visit(page_of(event), make_user(), java_script_enabled=script)
    page.get_by_role("button", name="Book", exact=True).dblclick(no_wait_after=True)
    page.wait_for_url(re.compile(r"/bookings/\w+/$"))
    assert Booking.objects.count() == 1


@pytest.mark.parametrize("script", [True, False])
def test_going_back_and_sending_the_form_again_books_once(visit: Visit, script: bool) -> None:
    event = make_event(capacity=10)
    page = visit(page_of(event), make_user(), java_script_enabled=script)
    page.get_by_role("button", name="Book", exact=True).click()
    page.wait_for_url(re.compile(r"/bookings/\w+/$"))
    ticket = page.url
    page.go_back()
    button = page.get_by_role("button", name="Book", exact=True)
    if button.is_visible():
        button.click()
        page.wait_for_url(ticket)
    else:
        expect(page.get_by_text("You have 1 seat here")).to_be_visible()
    assert Booking.objects.count() == 1


def test_a_form_sent_again_by_the_browser_leads_to_the_same_ticket(visit: Visit) -> None:
    event = make_event(capacity=10, repeat_bookings_allowed=True)
    page = visit(page_of(event), make_user())
    key = page.locator("[name=key]").input_value()
    page.get_by_role("button", name="Book", exact=True).click()
    page.wait_for_url(re.compile(r"/bookings/\w+/$"))
    ticket = page.url
    page.goto(page_of(event))
    page.evaluate("key => { document.querySelector('[name=key]').value = key }", key)
    page.get_by_role("button", name="Book", exact=True).click()
    page.wait_for_url(ticket)
    assert Booking.objects.count() == 1


def test_the_browser_has_nothing_to_complain_about(visit: Visit) -> None:
    event, user = make_event(), make_user()
    booking = make_booking(event, user)
    complaints: list[str] = []
    page = visit("/accounts/logout/", user)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(f"{page.url}: {message.text}"))
    addresses = ["/", page_of(event), "/bookings/", f"/bookings/{booking.reference}/"]
    for address in [*addresses, "/accounts/email/"]:
        page.goto(address)
        page.wait_for_load_state("networkidle")
    assert complaints == []


def test_the_reader_chooses_light_or_dark(visit: Visit) -> None:
    page = visit("/", color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Dark colours").click()
    assert page.evaluate(background) != light
    page.reload()
    assert page.evaluate(background) != light
    expect(page.get_by_role("button", name="Light colours")).to_be_visible()
