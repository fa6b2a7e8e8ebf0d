"""A page that is open when an event changes shows what a reload shows: one state, one story."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bookings.services import cancel_booking
from evently.accounts.models import User
from events.models import Event
from events.services import cancel_event, complete_ended_events, edit_event
from tests.browser.conftest import Visit
from tests.browser.looking import NO_WEBSOCKET, book_button, chip, expect_line, page_of, seats
from tests.makers import make_booking, make_event, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.long]

# All that a reader can see of the event, and where its links and forms lead.
STORY = """
() => {
  const event = document.querySelector("[data-event]");
  const plain = (piece) => piece.innerText.replace(/\\s+/g, " ").trim();
  const spoken = plain(event.querySelector("[data-speak]"));
  const pieces = [...event.querySelectorAll("a, button, input, progress")];
  const seen = pieces.filter((piece) => piece.checkVisibility());
  const leads = seen.map(({ tagName, href, name, max, value }) =>
    [tagName, href, name, max, value].join(" "));
  return [document.title, plain(event).replace(spoken, "").replace(/ +/g, " "), ...leads];
}
"""
PATIENCE_MS = 15_000


def edit(event: Event, **changes: Any) -> None:
    event.refresh_from_db()
    edit_event(
        event_id=event.pk,
        by=make_user(is_staff=True),
        changes=changes,
        expected_version=event.version,
        now=datetime.now(UTC),
    )


def call_off(event: Event) -> None:
    cancel_event(event_id=event.pk, by=make_user(is_staff=True), now=datetime.now(UTC))


def sell_out(event: Event) -> None:
    event.refresh_from_db()
    make_booking(event, quantity=event.available_seats)


def end_the_sale(event: Event) -> None:
    edit(event, sales_end_at=datetime.now(UTC) - timedelta(minutes=1))


def move(event: Event) -> None:
    starts_at = event.starts_at + timedelta(days=3)
    edit(event, starts_at=starts_at, ends_at=starts_at + timedelta(hours=2), venue="Attic")


def end(event: Event) -> None:
    over = datetime.now(UTC) - timedelta(hours=1)
    Event.objects.update(starts_at=over - timedelta(hours=2), ends_at=over)
    complete_ended_events(now=datetime.now(UTC))


# What happens, and what the page says then.
CHANGES: dict[str, tuple[Callable[[Event], None], str]] = {
    "cancelled": (call_off, "This event was cancelled, and all bookings with it."),
    "sold out": (sell_out, "Sold out. Seats that come back go to those who wait."),
    "sale ended": (end_the_sale, "Ask the organiser whether there are seats at the door."),
    "dearer": (lambda event: edit(event, price="36.00"), "€36.00"),
    "free": (lambda event: edit(event, price="0.00"), "Free"),
    "moved": (move, "Attic"),
    "over": (end, "This event is over."),
}


def nobody(event: Event) -> None:
    return None


def a_visitor(event: Event) -> User:
    return make_user("Vera")


def a_booker(event: Event) -> User:
    booker = make_user("Berta")
    make_booking(event, booker, quantity=3)
    return booker


def sees(page: Page, words: str) -> None:
    expect(seats(page)).to_have_text(words)


def expect_the_story_of_a_reload(page: Page, other: Page) -> None:
    """The open page comes to tell what the page tells that is opened now."""
    expect_line(other, "live")
    deadline = time.monotonic() + PATIENCE_MS / 1000
    # How many look on is told live, on both.
    while (told := page.evaluate(STORY)) != (want := other.evaluate(STORY)):
        if time.monotonic() > deadline:
            differing = [pair for pair in zip(told, want, strict=False) if pair[0] != pair[1]]
            raise AssertionError(f"The open page tells another story: {differing}")
        page.wait_for_timeout(200)


@pytest.mark.parametrize("who", [nobody, a_booker])
@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES)
def test_an_open_page_tells_what_a_reload_tells(
    visit: Visit, change: Callable[[Event], None], said: str, who: Callable[[Event], User | None]
) -> None:
    event = make_event(capacity=10)
    user = who(event)
    page = visit(page_of(event), user)
    expect_line(page, "live")
    change(event)
    expect(page.get_by_text(said).first).to_be_visible(timeout=PATIENCE_MS)
    # The other page is read when the caches have heard of it.
    page.wait_for_timeout(1_000)
    expect_the_story_of_a_reload(page, visit(page_of(event), user))


def test_who_is_logged_in_sees_their_chances_when_the_last_seat_goes(visit: Visit) -> None:
    event = make_event(capacity=10)
    user = a_visitor(event)
    page = visit(page_of(event), user)
    expect_line(page, "live")
    sell_out(event)
    expect(page.get_by_text("Your place if you join now")).to_be_visible(timeout=PATIENCE_MS)
    expect_the_story_of_a_reload(page, visit(page_of(event), user))


def test_a_cancelled_event_has_no_price_no_meter_and_no_seats(visit: Visit) -> None:
    event = make_event(capacity=10)
    page = visit(page_of(event), a_booker(event))
    expect_line(page, "live")
    call_off(event)
    expect(chip(page)).to_have_text("Cancelled")
    panel = page.locator("#book")
    for gone in ("€20.00", "seats left", "You have 3 seats here."):
        expect(panel.get_by_text(gone)).to_be_hidden()
    expect(panel.locator("progress")).to_be_hidden()
    expect(panel.get_by_role("link", name="My bookings")).to_be_visible()


def test_a_polling_page_hears_of_a_move_too(visit: Visit) -> None:
    event = make_event(capacity=10)
    page = visit(page_of(event), init=NO_WEBSOCKET)
    expect_line(page, "polling")
    move(event)
    expect(page.get_by_text("Attic")).to_be_visible(timeout=PATIENCE_MS)


def test_what_was_typed_and_the_place_of_the_reader_stay(visit: Visit) -> None:
    event = make_event(capacity=10)
    page = visit(page_of(event), a_visitor(event))
    expect_line(page, "live")
    wish = page.get_by_label("Seats", exact=True)
    wish.fill("3")
    edit(event, price="36.00", venue="Attic")
    expect(page.get_by_text("Attic")).to_be_visible(timeout=PATIENCE_MS)
    expect(wish).to_have_value("3")
    expect(wish).to_be_focused()
    expect(page.get_by_text("Pay €108.00 at the door")).to_be_visible()
    book_button(page).click()
    expect(page.get_by_role("heading", name="What now?")).to_be_visible()


def test_a_page_of_which_only_seats_change_is_not_read_again(visit: Visit) -> None:
    event = make_event(capacity=100)
    page = visit(page_of(event), a_visitor(event))
    expect_line(page, "live")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    booking = make_booking(event, quantity=4)
    sees(page, "96 of 100 seats left")
    cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))
    sees(page, "100 of 100 seats left")
    page.wait_for_timeout(1_500)
    assert asked == []


def test_plus_stops_at_what_is_left(visit: Visit) -> None:
    event = make_event(capacity=4, max_per_booking=10)
    page = visit(page_of(event), a_visitor(event))
    expect_line(page, "live")
    expect(chip(page)).to_have_text("On sale")
    more = page.get_by_role("button", name="One seat more")
    for _ in range(6):
        more.click()
    wish = page.get_by_label("Seats", exact=True)
    expect(wish).to_have_value("4")
    make_booking(event, quantity=2)
    sees(page, "2 of 4 seats left")
    expect(chip(page)).to_have_text("Few left")
    more.click()
    expect(wish).to_have_value("2")
