"""What people do with their own account, with a real browser and a real server."""

import json
from pathlib import Path

import pytest
from django.conf import global_settings
from playwright.sync_api import expect
from pytest_django import Settings

from bookings.models import Booking
from tests.browser.conftest import Visit
from tests.makers import PASSWORD, make_booking, make_event, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _hashes_that_the_server_knows(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS


def test_attendee_18_download_and_erase_my_data(visit: Visit) -> None:
    user, event = make_user("Ada", email="ada@example.com"), make_event(capacity=10)
    booking = make_booking(event, user, quantity=3)
    page = visit("/", user)
    page.get_by_role("link", name="Profile").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download my data").click()
    data = json.loads(Path(download.value.path()).read_text())
    assert data["account"]["email"] == "ada@example.com"
    assert [row["reference"] for row in data["bookings"]] == [booking.reference]
    page.get_by_role("link", name="Delete my account").click()
    expect(page.get_by_text("Your upcoming booking is cancelled")).to_be_visible()
    expect(page.get_by_text("the law asks organisers to keep invoices")).to_be_visible()
    page.get_by_label("Your password").fill("not this one")
    page.get_by_role("button", name="Delete my account").click()
    expect(page.locator(".field-error")).to_contain_text("This is not your password.")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_text("Your account is deleted.")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name="Log in")).to_be_visible()
    event.refresh_from_db()
    assert event.available_seats == 10
    assert Booking.objects.get().user.email.endswith("@erased.invalid")


def test_attendee_18_an_erased_account_opens_no_more(visit: Visit) -> None:
    user = make_user("Ada", email="ada@example.com")
    page = visit("/accounts/delete/", user, java_script_enabled=False)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete my account").click()
    page.get_by_role("navigation").get_by_role("link", name="Log in").click()
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    expect(page.get_by_text("not correct")).to_be_visible()


def test_a_new_name_stands_in_the_profile(visit: Visit) -> None:
    page = visit("/accounts/profile/", make_user("Ada"))
    page.get_by_label("Your name").fill("Ada 🎟 آدا")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your name is saved.")).to_be_visible()
    expect(page.get_by_label("Your name")).to_have_value("Ada 🎟 آدا")
    current = page.get_by_role("navigation").get_by_role("link", name="Profile")
    expect(current).to_have_attribute("aria-current", "page")


def test_the_language_is_chosen_without_script(visit: Visit) -> None:
    page = visit("/developers/", java_script_enabled=False, locale="en-GB")
    page.get_by_label("Language").select_option("de")
    page.get_by_role("contentinfo").get_by_role("button").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    assert page.url.endswith("/developers/")
