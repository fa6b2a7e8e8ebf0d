"""What an attendee does, by the numbers of the journeys, with a real browser and a real server."""

import re

import pytest
from django.conf import global_settings
from playwright.sync_api import Locator, Page, expect
from pytest_django import Settings

from bookings.models import Booking
from tests.browser.conftest import Visit
from tests.browser.looking import (
    NO_WEBSOCKET,
    book_button,
    card_of,
    chip,
    expect_line,
    page_of,
    seats,
)
from tests.makers import PASSWORD, make_booking, make_event, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TICKET = re.compile(r"/bookings/\w+/$")
MANY = 8
ANSWERED_AFTER_MS = "performance.getEntriesByType('navigation')[0].responseEnd"
# The focused element, or what stands for it, has a ring around it and lies within the window.
FOCUS_IS_SEEN = """
() => {
  const focused = document.activeElement;
  const ringed = [focused, focused.closest(".card, .row")].some((element) => {
    if (!element) return false;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  });
  const { top, bottom } = focused.getBoundingClientRect();
  return ringed && bottom > 0 && top < innerHeight;
}
"""


def test_sign_up_book_see_the_ticket_and_cancel(visit: Visit) -> None:
    event = make_event(name="Late Jazz", capacity=10, price="12.50")
    page = visit("/")
    page.get_by_role("link", name="Late Jazz").click()
    page.get_by_label("One seat more").click()
    expect(page.get_by_text("Pay €25.00 at the door")).to_be_visible()
    page.get_by_role("button", name="Log in and book").click()
    page.get_by_role("main").get_by_role("link", name="Sign up").click()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_label("Seats", exact=True)).to_have_value("2")
    book_button(page).click()
    booking = Booking.objects.get()
    expect(page.get_by_text(booking.reference)).to_be_visible()
    expect(page.get_by_text("€25.00 (€12.50 a seat)")).to_be_visible()
    page.get_by_role("link", name="My bookings").first.click()
    page.get_by_role("link", name="Late Jazz").click()
    page.get_by_role("link", name="Cancel booking").click()
    page.get_by_role("button", name="Cancel booking").click()
    expect(page.get_by_text("its seats are free for others")).to_be_visible()
    event.refresh_from_db()
    assert event.available_seats == 10


def test_attendee_2_buying_in_one_browser_changes_the_count_in_the_other(visit: Visit) -> None:
    event = make_event(capacity=500, available_seats=40)
    looking = visit(page_of(event))
    expect_line(looking, "live")
    expect(seats(looking)).to_have_text("40 of 500 seats left")
    booking = visit(page_of(event), make_user())
    expect(looking.locator("[data-show=viewers]")).to_have_text(" · 2 people are looking")
    booking.get_by_label("Seats", exact=True).fill("3")
    book_button(booking).click()
    expect(seats(looking)).to_have_text("37 of 500 seats left")


@pytest.mark.parametrize("is_catalogue", [True, False], ids=["catalogue", "event"])
def test_attendee_2_with_websockets_blocked_the_count_changes_by_polling(
    visit: Visit, is_catalogue: bool
) -> None:
    event = make_event(capacity=10)
    page = visit("/" if is_catalogue else page_of(event), init=NO_WEBSOCKET)
    expect_line(page, "polling")
    make_booking(event, quantity=4)
    expect(seats(page)).to_have_text("6 of 10 seats left")


@pytest.mark.parametrize("script", [True, False])
def test_attendee_4_a_double_click_books_once(visit: Visit, script: bool) -> None:
    event = make_event(capacity=10, repeat_bookings_allowed=True)
    page = visit(page_of(event), make_user(), java_script_enabled=script)
    book_button(page).dblclick(no_wait_after=True)
    page.wait_for_url(TICKET)
    assert Booking.objects.count() == 1


@pytest.mark.parametrize("script", [True, False])
def test_attendee_4_going_back_and_sending_the_form_again_books_once(
    visit: Visit, script: bool
) -> None:
    event = make_event(capacity=10)
    page = visit(page_of(event), make_user(), java_script_enabled=script)
    book_button(page).click()
    page.wait_for_url(TICKET)
    ticket = page.url
    page.go_back()
    button = book_button(page)
    if button.is_visible():
        button.click()
        page.wait_for_url(ticket)
    else:
        expect(page.get_by_text("You have 1 seat here")).to_be_visible()
    assert Booking.objects.count() == 1


def test_attendee_4_a_form_sent_again_by_the_browser_leads_to_the_same_ticket(visit: Visit) -> None:
    event = make_event(capacity=10, repeat_bookings_allowed=True)
    page = visit(page_of(event), make_user())
    key = page.locator("[name=key]").input_value()
    book_button(page).click()
    page.wait_for_url(TICKET)
    ticket = page.url
    page.goto(page_of(event))
    page.evaluate("key => { document.querySelector('[name=key]').value = key }", key)
    book_button(page).click()
    page.wait_for_url(ticket)
    assert Booking.objects.count() == 1


def test_attendee_5_many_want_the_last_seat_and_all_but_one_are_told_that_it_is_sold_out(
    visit: Visit,
) -> None:
    event = make_event(capacity=1)
    pages = [visit(page_of(event), make_user()) for _ in range(MANY)]
    for page in pages:
        page.evaluate("() => { document.querySelector('[data-book]').requestSubmit() }")
    for page in pages:
        page.wait_for_url(lambda address: not address.endswith(page_of(event)))
    assert max(page.evaluate(ANSWERED_AFTER_MS) for page in pages) < 5_000
    winners = [page for page in pages if TICKET.search(page.url)]
    assert len(winners) == Booking.objects.count() == 1
    for page in pages:
        if page not in winners:
            expect(page.get_by_role("alert")).to_contain_text("The last seats have just gone.")
            expect(chip(page)).to_have_text("Sold out")


def test_attendee_16_the_whole_purchase_works_by_keyboard(visit: Visit, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # those of the server process
    event, user = make_event(name="Late Jazz", capacity=10), make_user()
    page = visit("/")
    tab_to(page, card_of(page, event).get_by_role("link", name="Late Jazz"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{page_of(event)}")
    tab_to(page, page.get_by_label("Seats", exact=True))
    page.keyboard.press("ArrowUp")
    tab_to(page, page.get_by_role("button", name="Log in and book"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/login/**")
    for label, text in (("Email", user.email), ("Password", PASSWORD)):
        tab_to(page, page.get_by_label(label, exact=True))
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{page_of(event)}?seats=2")
    tab_to(page, book_button(page))
    page.keyboard.press("Enter")
    page.wait_for_url(TICKET)
    booking = Booking.objects.get()
    assert (booking.user, booking.quantity) == (user, 2)
    expect(page.get_by_text(booking.reference).first).to_be_visible()


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until the focus is on this element; at every stop it can be seen where it is."""
    handle = wanted.element_handle()
    for _ in range(60):
        if page.evaluate("wanted => document.activeElement === wanted", handle):
            return
        page.keyboard.press("Tab")
        where = page.evaluate("document.activeElement.outerHTML")
        assert page.evaluate(FOCUS_IS_SEEN), f"the focus is not to be seen on {where}"
    raise AssertionError("the Tab key does not lead there")


def test_attendee_16_what_a_form_refuses_gets_the_focus(visit: Visit) -> None:
    event = make_event(capacity=10, available_seats=3)
    page = visit(page_of(event), make_user())
    page.get_by_label("Seats", exact=True).fill("4")
    book_button(page).click()
    expect(page.get_by_role("alert")).to_be_focused()


def test_a_refusal_says_what_to_do_and_keeps_what_was_typed(visit: Visit) -> None:
    event = make_event(capacity=10, available_seats=3)
    page = visit(page_of(event), make_user())
    page.get_by_label("Seats", exact=True).fill("4")
    book_button(page).click()
    expect(page.get_by_role("alert")).to_contain_text("3 seats are left. You asked for 4.")
    expect(page.get_by_label("Seats", exact=True)).to_have_value("4")
    page.get_by_label("Seats", exact=True).fill("3")
    book_button(page).click()
    expect(page).to_have_url(TICKET)


def test_booking_works_without_script(visit: Visit) -> None:
    event = make_event(capacity=10)
    page = visit(page_of(event), make_user(), java_script_enabled=False)
    page.get_by_label("Seats", exact=True).fill("2")
    book_button(page).click()
    booking = Booking.objects.get()
    expect(page.get_by_text(booking.reference)).to_be_visible()
    assert booking.quantity == 2
