"""From nothing to an event on sale, and into a team: a real browser and the mails themselves."""

import pytest
from django.conf import global_settings
from playwright.sync_api import Page, expect
from pytest_django import Settings

from evently.accounts.models import User
from events.models import Event
from tests.browser.conftest import Visit
from tests.makers import PASSWORD, make_organiser, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MAILS = "/development/mails/"
PATIENCE_MS = 60_000  # whole pages are waited for, on a machine that may be busy


@pytest.fixture(autouse=True)
def _hashes_that_the_server_knows(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS


def sign_up(page: Page, name: str, email: str = "") -> None:
    page.get_by_label("Your name").fill(name)
    if email:
        page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign up").click()


def follow_newest_mail(page: Page, subject: str) -> None:
    """Open the newest mail, as the person reads it, and follow its first link."""
    page.goto(MAILS)
    page.get_by_role("main").get_by_role("link", name=subject).first.click()
    expect(page.get_by_role("heading", name=subject)).to_be_visible(timeout=PATIENCE_MS)
    page.locator(".mail-text a[href^=http]").first.click()


def test_a_newcomer_registers_verifies_founds_a_team_and_sells(visit: Visit) -> None:
    page = visit("/")
    page.get_by_role("navigation").get_by_role("link", name="Sell tickets").click()
    page.get_by_role("main").get_by_role("link", name="Sign up").click()
    sign_up(page, "Nia", "nia@example.com")
    expect(page.get_by_role("heading", name="First confirm your address")).to_be_visible(
        timeout=PATIENCE_MS
    )
    follow_newest_mail(page, "Confirm your e-mail address")
    page.get_by_role("button", name="Yes, confirm it").click()
    page.get_by_label("Name of your team").fill("Blue Note")
    page.get_by_role("button", name="Create the team").click()
    page.get_by_label("Name:").fill("Late Jazz")
    page.get_by_label("Venue:").fill("Cellar, Berlin")
    page.get_by_label("Starts:", exact=True).fill("2030-06-01T20:00")
    page.get_by_label("Time zone:").select_option("Europe/Berlin")
    page.get_by_label("Price of a seat:").fill("12.50")
    page.get_by_label("Seats:", exact=True).fill("80")
    page.get_by_text("Put on sale when saving").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("80, the capacity.")).to_be_visible(timeout=PATIENCE_MS)
    catalogue = visit("/")
    expect(catalogue.get_by_role("main").get_by_role("link", name="Late Jazz")).to_be_visible(
        timeout=PATIENCE_MS
    )
    assert Event.objects.get().organiser.name == "Blue Note"


def test_the_mail_is_sent_again_from_the_page_that_asks_for_it(visit: Visit) -> None:
    user = make_user("Una", email="una@example.com", verified=False)
    page = visit("/sell/", user)
    page.get_by_role("button", name="Send the mail again").click()
    expect(page.get_by_text("A mail is on its way to una@example.com.")).to_be_visible(
        timeout=PATIENCE_MS
    )
    expect(page.get_by_role("heading", name="First confirm your address")).to_be_visible(
        timeout=PATIENCE_MS
    )
    follow_newest_mail(page, "Confirm your e-mail address")
    page.get_by_role("button", name="Yes, confirm it").click()
    expect(page.get_by_text("Your address una@example.com is confirmed.")).to_be_visible(
        timeout=PATIENCE_MS
    )
    expect(page.get_by_label("Name of your team")).to_be_visible(timeout=PATIENCE_MS)


def test_a_colleague_without_an_account_is_invited_signs_up_and_joins(visit: Visit) -> None:
    owner = make_user("Olga")
    organiser = make_organiser(owner, name="Blue Note")
    admin = visit(f"/admin/events/organiser/{organiser.pk}/change/", owner)
    admin.get_by_role("link", name="Invite somebody").click()
    admin.get_by_label("E-mail address:").fill("carl@example.com")
    admin.get_by_label("Role:").select_option("manager")
    admin.get_by_role("button", name="Save", exact=True).click()
    expect(admin.get_by_text("A mail is on its way to carl@example.com.")).to_be_visible(
        timeout=PATIENCE_MS
    )
    expect(admin.get_by_text("Waiting for an answer until")).to_be_visible(timeout=PATIENCE_MS)
    page = visit("/")
    follow_newest_mail(page, "You are invited into a team")
    expect(page.get_by_role("heading", name="Join the team of Blue Note?")).to_be_visible(
        timeout=PATIENCE_MS
    )
    page.get_by_role("main").get_by_role("link", name="Sign up").click()
    sign_up(page, "Carl")
    page.get_by_role("button", name="Join the team").click()
    expect(page.get_by_text("You are in the team of Blue Note.")).to_be_visible(timeout=PATIENCE_MS)
    carl = User.objects.get(email="carl@example.com")
    assert carl.is_verified
    assert organiser.memberships.get(user=carl).role == "manager"
    admin.reload()
    expect(admin.get_by_text("Waiting for an answer until")).to_be_hidden(timeout=PATIENCE_MS)
