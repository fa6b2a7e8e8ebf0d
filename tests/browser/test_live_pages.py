"""Pages that move by themselves, and tell the truth about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from bookings.services import cancel_booking
from events.models import Event
from events.services import cancel_event
from tests.browser.conftest import Visit
from tests.browser.looking import (
    NO_WEBSOCKET,
    book_button,
    card_of,
    chip,
    expect_line,
    page_of,
    seats,
)
from tests.makers import make_booking, make_event, make_organiser, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WEBSOCKET_FROM_THE_FOURTH_TRY = """
const Real = window.WebSocket;
let tries = 0;
window.WebSocket = class extends Real {
  constructor(address) {
    if ((tries += 1) < 4) throw new Error("blocked");
    super(address);
  }
};
"""
HOUR = timedelta(hours=1)


def requests_of(page: Page) -> list[str]:
    """The addresses that the page asks from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


def test_the_catalogue_moves_by_itself_through_one_line(visit: Visit) -> None:
    event, last, off = make_event(capacity=10), make_event(capacity=1), make_event()
    page = visit("about:blank")
    lines: list[str] = []
    page.on("websocket", lambda socket: lines.append(socket.url))
    page.goto("/?available=on")
    expect_line(page, "live")
    asked = requests_of(page)
    make_booking(event, quantity=4)
    make_booking(last)
    cancel_event(event_id=off.pk, by=make_user(is_staff=True), now=datetime.now(UTC))
    expect(seats(card_of(page, event))).to_have_text("6 of 10 seats left")
    for gone, words in ((last, "Sold out"), (off, "Cancelled")):
        expect(chip(card_of(page, gone))).to_have_text(words)
    assert asked == []
    assert len(lines) == 1


def test_the_polling_catalogue_asks_for_what_is_no_longer_listed(visit: Visit) -> None:
    last, off = make_event(capacity=1), make_event()
    page = visit("/?available=on", init=NO_WEBSOCKET)
    expect_line(page, "polling")
    Event.objects.filter(pk=off.pk).update(status=Event.Status.CANCELLED, version=2)
    make_booking(last)
    for gone, words in ((last, "Sold out"), (off, "Cancelled")):
        expect(chip(card_of(page, gone))).to_have_text(words)


def test_the_polling_catalogue_bears_an_event_that_was_taken_back(visit: Visit) -> None:
    event, taken_back = make_event(capacity=10), make_event()
    page = visit("about:blank", init=NO_WEBSOCKET)
    page.goto("/?available=on")
    Event.objects.filter(pk=taken_back.pk).update(status=Event.Status.DRAFT, version=2)
    make_booking(event, quantity=4)
    expect_line(page, "polling")
    expect(seats(card_of(page, event))).to_have_text("6 of 10 seats left")


@pytest.mark.parametrize("is_catalogue", [True, False], ids=["catalogue", "event"])
def test_the_line_comes_back_and_polling_ends(visit: Visit, is_catalogue: bool) -> None:
    event = make_event(capacity=10)
    address = "/" if is_catalogue else page_of(event)
    page = visit(address, init=WEBSOCKET_FROM_THE_FOURTH_TRY)
    expect_line(page, "polling")
    expect_line(page, "live")
    asked = requests_of(page)
    make_booking(event, quantity=4)
    expect(seats(page)).to_have_text("6 of 10 seats left")
    page.wait_for_timeout(5_500)
    assert asked == []


def test_an_answer_that_comes_after_the_line_is_back_does_not_bring_polling_back(
    visit: Visit,
) -> None:
    event = make_event()
    page = visit("about:blank", init=WEBSOCKET_FROM_THE_FOURTH_TRY)
    held: list[Route] = []
    page.route("**/api/v1/events/**", lambda route: held.append(route))
    page.goto(page_of(event))
    expect_line(page, "live")
    (late,) = held
    late.continue_()
    page.wait_for_timeout(3_000)
    expect_line(page, "live")
    assert len(held) == 1


@pytest.mark.parametrize("is_catalogue", [True, False], ids=["catalogue", "event"])
def test_a_page_that_is_cut_off_does_not_claim_to_be_live(visit: Visit, is_catalogue: bool) -> None:
    event = make_event(capacity=10)
    page = visit("/" if is_catalogue else page_of(event))
    expect_line(page, "live")
    page.context.set_offline(True)
    expect_line(page, "reconnecting")
    make_booking(event, quantity=4)
    page.wait_for_timeout(2_500)
    expect_line(page, "reconnecting")
    page.context.set_offline(False)
    expect_line(page, "live")
    expect(seats(page)).to_have_text("6 of 10 seats left")


def test_the_draft_of_a_team_has_no_line_and_says_nothing_of_one(visit: Visit) -> None:
    event = make_event(make_organiser(owner := make_user()), status=Event.Status.DRAFT)
    page = visit(page_of(event), owner)
    page.wait_for_timeout(1_500)
    expect(page.locator("[data-connection]")).to_have_text("")


def test_an_event_sells_out_while_somebody_looks_and_opens_again(visit: Visit) -> None:
    event, buyer = make_event(capacity=2), make_user()
    page = visit(page_of(event), make_user())
    expect_line(page, "live")
    page.get_by_label("Seats", exact=True).focus()
    booking = make_booking(event, buyer, quantity=2)
    expect(chip(page)).to_have_text("Sold out")
    advice = page.locator("[data-when=sold-out]")
    expect(advice).to_be_visible()
    expect(advice).to_be_focused()
    expect(page.locator("[data-speak]")).to_contain_text("Sold out")
    expect(book_button(page)).to_be_hidden()
    cancel_booking(reference=booking.reference, by=buyer, now=booking.created_at)
    expect(book_button(page)).to_be_visible()
    expect(advice).to_be_hidden()
    expect(seats(page)).to_have_text("2 of 2 seats left")


SALE = {
    "begins": ({"sales_start_at": 2}, "On sale soon", "On sale"),
    "ends": ({"sales_end_at": 2}, "On sale", "Sale ended"),
    "is over with the event": ({"starts_at": 1, "ends_at": 2}, "On sale", "Past"),
}


@pytest.mark.parametrize(("hours", "before", "after"), SALE.values(), ids=SALE)
def test_the_page_turns_by_itself_when_the_sale(
    visit: Visit, hours: dict[str, int], before: str, after: str
) -> None:
    now = datetime.now(UTC)
    times: Any = {name: now + number * HOUR for name, number in hours.items()}
    event = make_event(**times)
    # Nobody tells it: there is no line, and no answer.
    page = visit("about:blank", make_user(), init=NO_WEBSOCKET)
    page.route("**/api/v1/events**", lambda route: route.abort())
    page.clock.install()
    for address in (page_of(event), "/"):
        page.goto(address)
        place = page.locator(f"[data-event='{event.pk}']").first
        expect(chip(place)).to_have_text(before)
        page.clock.fast_forward("01:59:00")
        expect(chip(place)).to_have_text(before)
        page.clock.fast_forward("01:01")
        expect(chip(place)).to_have_text(after)
        if address != "/":
            expect(book_button(page)).to_be_visible(visible=after == "On sale")
        page.clock.set_system_time(datetime.now(UTC))
