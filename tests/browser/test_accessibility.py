"""axe finds no violation of WCAG 2.2 A or AA on any page, in any colours, at any width."""

from importlib.resources import files
from itertools import product

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.browser.looking import SCHEMES, Scheme, wear
from tests.browser.pages import SCREENS, Screen, show_failures
from tests.browser.world import make_world
from tests.thorough import IS_THOROUGH

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.long]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
VIEWPORTS = {"phone": (390, 844), "desktop": (1280, 900)}
# Each width and each scheme; in every combination when there is time.
LOOKS: list[tuple[str, Scheme]] = [("phone", "dark"), ("desktop", "light")]
if IS_THOROUGH:
    LOOKS = list(product(VIEWPORTS, SCHEMES))
RUN_AXE = "tags => axe.run({ runOnly: tags, resultTypes: ['violations'] })"


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_axe_finds_nothing(visit: Visit, screen: Screen) -> None:
    world = make_world()
    # axe itself is no script of ours, which is all that the site's policy allows.
    page = visit("about:blank", world.people.get(screen.who or ""), bypass_csp=True)
    show_failures(page.context)
    answer = page.goto(screen.path(world))
    assert answer
    assert answer.status == 200
    if screen.then:
        screen.then(page)
    page.evaluate(AXE)
    page.wait_for_load_state("networkidle")
    found = [
        f"{width}, {scheme}: {violation}"
        for width, scheme in LOOKS
        for violation in violations_at(page, *VIEWPORTS[width], scheme)
    ]
    assert not found, "\n".join(found)


def violations_at(page: Page, across: int, down: int, scheme: Scheme) -> list[str]:
    """What is wrong and where, one text for each rule and place."""
    page.set_viewport_size({"width": across, "height": down})
    wear(page, scheme)
    found = page.evaluate(RUN_AXE, TAGS)["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]
