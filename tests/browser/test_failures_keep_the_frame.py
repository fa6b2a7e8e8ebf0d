"""Pages of failures: the header, the language and the colours stay, whatever went wrong."""

from collections.abc import Callable

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from playwright.sync_api import Page, Route, expect

from evently.accounts.models import User
from tests.browser.conftest import Visit
from tests.makers import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DARK = "localStorage.setItem('theme', 'dark')"


def nothing_there(page: Page) -> None:
    page.goto("/nothing/here/")


def too_old_a_form(page: Page) -> None:
    page.goto("/accounts/profile/")
    page.context.clear_cookies(name="csrftoken")
    page.locator("main form[method=post]").first.evaluate("form => form.submit()")


def as_rendered(status: str) -> Callable[[Page], None]:
    """What cannot be had for the asking: the page as the server makes it without a database."""

    def show(page: Page) -> None:
        def answer(route: Route) -> None:
            with translation.override("de"):
                body = render_to_string(f"failures/{status}.html")
            route.fulfill(body=body, content_type="text/html; charset=utf-8")

        page.route(f"**/failure-{status}", answer)
        page.goto(f"/failure-{status}")

    return show


FAILURES: dict[str, tuple[Callable[[Page], None], str]] = {
    "400": (as_rendered("400"), "Meine Buchungen"),
    "403": (as_rendered("403"), "Meine Buchungen"),
    "404": (nothing_there, "Meine Buchungen"),
    "429": (as_rendered("429"), "Meine Buchungen"),
    "500": (as_rendered("500"), "Meine Buchungen"),
    "503": (as_rendered("503"), "Meine Buchungen"),
    "form": (too_old_a_form, "Meine Buchungen"),
}


@pytest.fixture
def reader() -> User:
    return make_user("Vera")


@pytest.mark.parametrize(("fail", "link"), FAILURES.values(), ids=FAILURES)
def test_a_failure_keeps_header_language_and_colours(
    visit: Visit, reader: User, fail: Callable[[Page], None], link: str
) -> None:
    page = visit("/", reader, init=DARK, locale="de-DE")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    fail(page)
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("link", name="Zum Programm")).to_be_visible()
    header = page.get_by_role("banner")
    expect(header.get_by_role("searchbox")).to_be_visible()
    expect(header.get_by_role("link", name=link)).to_be_visible()
    language = page.get_by_label("Sprache")
    expect(language).to_have_value("de")
    expect(page.get_by_role("button", name="Helle Farben")).to_be_visible()
