"""Pictures of every page: phone and desktop, light and dark.

`python -m evently.dev exec -- python -m tests.browser.screenshots [FOLDER]`
"""

import sys
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.chromium import launch
from tests.browser.demo_site import demo_site
from tests.browser.looking import SCHEMES, wear
from tests.browser.pages import SCREENS, Screen, show_failures
from tests.browser.sessions import session_of
from tests.browser.world import World, find_demo_world

SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
# The live line is up, nobody else seems to look, and the letters are there.
IS_SETTLED = """
() => document.fonts.status === "loaded"
  && !document.querySelector("[data-show=viewers]:not(:empty)")
  && !document.querySelector("[data-connection]:is(.reconnecting, .polling)")
"""


def main() -> None:
    """Write `FOLDER/phone-light/catalogue.png` and so on, and print a line for each folder."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    with demo_site() as site, sync_playwright() as playwright:
        browser, world = launch(playwright), find_demo_world()
        visitors = {who: open_browser(browser, site, world, who) for who in people_of(SCREENS)}
        for screen in SCREENS:
            photograph(visitors[screen.who], screen, world, folder)
        browser.close()
    for kind in sorted(folder.iterdir()):
        sys.stdout.write(f"{kind}: {len(list(kind.glob('*.png')))} pictures\n")


def people_of(screens: tuple[Screen, ...]) -> set[str | None]:
    return {screen.who for screen in screens}


def open_browser(browser: Browser, site: str, world: World, who: str | None) -> BrowserContext:
    """A browser in which this person is logged in."""
    context = browser.new_context(base_url=site, reduced_motion="reduce")
    if who:
        context.add_cookies([session_of(world.people[who], site)])
    show_failures(context)
    return context


def photograph(context: BrowserContext, screen: Screen, world: World, folder: Path) -> None:
    """One visit, four pictures."""
    page = context.new_page()
    answer = page.goto(screen.path(world))
    if not answer or not answer.ok:
        sys.exit(f"{screen.name} is not there: {answer and answer.status} at {page.url}")
    if screen.then:
        screen.then(page)
    page.wait_for_load_state("networkidle")
    for (size, (width, height)), scheme in product(SIZES.items(), SCHEMES):
        page.set_viewport_size({"width": width, "height": height})
        wear(page, scheme)
        take(page, folder / f"{size}-{scheme}" / f"{screen.name}.png")
    page.close()


def take(page: Page, picture: Path) -> None:
    """The whole page, when nothing on it moves any more."""
    page.wait_for_function(IS_SETTLED)
    picture.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=picture, full_page=True, animations="disabled", caret="hide")


if __name__ == "__main__":
    main()
