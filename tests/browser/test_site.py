"""What holds on every page of the site."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.looking import page_of
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


def test_the_reader_chooses_light_or_dark(visit: Visit) -> None:
    page = visit("/", color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Dark colours").click()
    assert page.evaluate(background) != light
    page.reload()
    assert page.evaluate(background) != light
    expect(page.get_by_role("button", name="Light colours")).to_be_visible()
