"""What is wrong with a long form is said at its top, and leads to the fields (GOV.UK)."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.makers import make_organiser, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def send(page: Page, form: str) -> None:
    page.locator(form).evaluate("form => { form.noValidate = true; form.requestSubmit() }")


def expect_the_summary_to_lead_to(page: Page, link: str, field: str) -> None:
    summary = page.locator("[data-error-summary]")
    expect(summary).to_be_focused()
    expect(summary).to_be_in_viewport()
    summary.get_by_role("link", name=link).click()
    expect(page.locator(field)).to_be_focused()
    expect(page.locator(field)).to_be_in_viewport()


def test_errors_of_the_registration_are_told_at_its_top(visit: Visit) -> None:
    page = visit("/accounts/signup/", viewport={"width": 390, "height": 500})
    send(page, "main form[method=post]")
    expect_the_summary_to_lead_to(page, "Password", "#id_password1")


def test_errors_of_an_organisers_event_are_told_at_its_top(visit: Visit) -> None:
    owner = make_user("Olga")
    make_organiser(owner)
    page = visit("/admin/events/event/add/", owner, viewport={"width": 390, "height": 500})
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Please correct the errors below.")).to_be_visible()
    expect_the_summary_to_lead_to(page, "Seats", "#id_capacity")
