"""Chromium on a real server process. Without Chromium these tests are skipped by name."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from evently.accounts.models import User
from evently.dev.mail import MailServer
from evently.purging import EVERYTHING, purge
from tests.browser.chromium import NAMES, PROGRAM, launch
from tests.browser.server import collect_static, running_server
from tests.browser.sessions import session_of

# For a machine that is busy with other tests; a page that polls does so every five seconds.
expect.set_options(timeout=30_000)

# Opens a page of the site as this person (None: a stranger) in a browser of its own.
Visit = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("browser") and not PROGRAM:
            item.add_marker(pytest.mark.skip(reason=f"no Chromium: none of {', '.join(NAMES)}"))


@pytest.fixture(scope="session")
def site(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a server process on the test database, which shows the mails it sends."""
    static = tmp_path_factory.mktemp("static")
    mails = MailServer(tmp_path_factory.mktemp("mails") / "mail")
    with ExitStack() as stack:
        mails.start()
        stack.callback(mails.stop)
        stack.enter_context(django_db_blocker.unblock())
        collect_static(static)
        server = running_server(STATIC_ROOT=str(static), **mails.environment)
        yield f"http://{stack.enter_context(server)}"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
        with sync_playwright() as playwright:
            browser = launch(playwright)
            yield browser
            browser.close()


@pytest.fixture
def visit(transactional_db: None, site: str, chromium: Browser) -> Iterator[Visit]:
    """Opens pages; everything is closed before the database is emptied."""
    contexts: list[BrowserContext] = []
    purge([EVERYTHING])  # the server keeps pages of events that an earlier test made

    def open_page(path: str, user: User | None = None, init: str = "", **options: Any) -> Page:
        context = chromium.new_context(base_url=site, **options)
        contexts.append(context)
        if init:
            context.add_init_script(init)
        if user:
            context.add_cookies([session_of(user, site)])
        page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
