"""What holds on every page of the site."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.looking import expect_line, page_of, seats
from tests.makers import make_booking, make_event, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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


NO_STORAGE = """
for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, {
    get() { throw new DOMException("The operation is insecure.", "SecurityError"); },
  });
"""


def test_pages_live_in_a_browser_that_keeps_nothing(visit: Visit) -> None:
    """The scripts go on: seats move, and colours change for as long as the page is open."""
    event, user = make_event(capacity=10), make_user()
    page = visit("about:blank", user, init=NO_STORAGE, color_scheme="light")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(page_of(event))
    expect_line(page, "live")
    make_booking(event, quantity=4)
    expect(seats(page)).to_contain_text("6")
    page.get_by_role("button", name="Dark colours").click()
    page.get_by_role("button", name="Light colours").click()
    expect(page.get_by_role("button", name="Dark colours")).to_be_visible()
    assert errors == []


def test_the_reader_chooses_light_or_dark(visit: Visit) -> None:
    page = visit("/", color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Dark colours").click()
    assert page.evaluate(background) != light
    page.reload()
    assert page.evaluate(background) != light
    expect(page.get_by_role("button", name="Light colours")).to_be_visible()
