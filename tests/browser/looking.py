"""Where things are on the site's pages."""

from typing import Literal

from playwright.sync_api import Locator, Page, expect

from events.models import Event

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

NO_WEBSOCKET = "window.WebSocket = class { constructor() { throw new Error('blocked') } };"


def page_of(event: Event) -> str:
    return f"/events/{event.pk}/"


def card_of(page: Page, event: Event) -> Locator:
    """The event's card in the catalogue."""
    return page.locator(f".card[data-event='{event.pk}']")


def seats(place: Page | Locator) -> Locator:
    """The sentence that says how many are left."""
    return place.locator("[data-show=seats]")


def chip(place: Page | Locator) -> Locator:
    return place.locator("[data-show=chip]")


def book_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Book", exact=True)


def wear(page: Page, scheme: Scheme) -> None:
    """Show the open page in these colours; the admin's script asks for them once, at the start."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(
        "isDark => document.querySelector('html[x-data]')?.classList.toggle('dark', isDark)",
        scheme == "dark",
    )


def expect_line(page: Page, state: str) -> None:
    """The page says that its line is live, reconnecting or polling."""
    expect(page.locator("[data-connection]")).to_have_class(f"connection {state}")
