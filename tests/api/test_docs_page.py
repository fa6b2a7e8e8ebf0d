"""The page /api/docs in a browser: it is complete under our CSP and its "try it" works."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import PROGRAM, launch
from tests.live_server import LiveEvently

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium"),
]


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser.new_page()
        browser.close()


def test_the_docs_page_works_with_a_token_and_asks_nobody_else(
    live: LiveEvently, page: Page
) -> None:
    person = {"email": "docs-page@example.com", "password": "correct horse battery 9"}
    token = live.ask("/api/v1/auth/register", body=person).json["access"]
    live.verify(person["email"])
    complaints: list[str] = []
    asked: set[str] = set()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))

    page.goto(f"{live.url}/api/docs")
    page.click("button.authorize")
    page.fill("#auth-bearer-value", token)
    page.click(".auth-container:has(#auth-bearer-value) button.authorize")
    page.click(".close-modal")

    assert '"email": "docs-page@example.com"' in try_it(page, "auth-get_profile")
    made = try_it(page, "organisers-post_organisers", '{"name": "From the page"}')
    assert '"name": "From the page"' in made
    assert "From the page" in live.ask("/api/v1/organisers", token=token).body
    assert complaints == []
    assert asked - {"data:"} == {live.url}


def test_no_page_of_the_api_allows_inline_styles_or_scripts(live: LiveEvently) -> None:
    policy = live.ask("/api/docs").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert settings.SPECTACULAR_SETTINGS["SWAGGER_UI_DIST"] == "SIDECAR"


def try_it(page: Page, operation: str, body: str = "") -> str:
    """What the page shows as the answer to "Execute"."""
    block = page.locator(f"#operations-{operation}")
    block.locator(".opblock-summary").click()
    block.locator(".try-out__btn").click()
    if body:
        block.locator("textarea").fill(body)
    block.locator(".execute").click()
    return block.locator(".live-responses-table tbody .response-col_description").inner_text()


def test_many_ask_for_the_document_at_once(live: LiveEvently) -> None:
    """The library that makes it is not made for that: see `evently.api.document`."""
    live.kill_web()
    live.start_web()
    with ThreadPoolExecutor(6) as callers:
        answers = list(callers.map(lambda _: live.ask("/api/schema").status, range(12)))
    assert set(answers) == {200}
