"""What the pages of an event and a ticket tell, with a real browser and a real server."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.looking import chip, page_of, seats
from tests.makers import make_booking, make_event, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

JUNE = datetime(2031, 6, 1, 18, 0, tzinfo=UTC)
ON_THE_VISITORS_CLOCKS = "America/New_York"
# What the page asked of the network, but for what it asked of its own site.
FOREIGN = """
() => performance.getEntriesByType("resource")
  .map(({ name }) => name)
  .filter((name) => new URL(name).host !== location.host)
"""


def test_attendee_1_price_with_fees_seats_left_and_times_in_both_zones(visit: Visit) -> None:
    event = make_event(
        starts_at=JUNE,
        price=Decimal("12.50"),
        capacity=500,
        available_seats=37,
        sales_end_at=JUNE - timedelta(hours=2),
    )
    page = visit(page_of(event), timezone_id=ON_THE_VISITORS_CLOCKS)
    facts = page.locator(".facts")
    expect(page.locator("[data-show=price]")).to_have_text("€12.50")
    expect(page.get_by_text("You pay at the door. No fees are added.")).to_be_visible()
    expect(chip(page)).to_have_text("Few left")
    expect(seats(page)).to_have_text("37 of 500 seats left")
    expect(facts).to_contain_text("Sunday, June 1, 2031, 8:00 PM – 11:00 PM, Berlin time")
    expect(facts).to_contain_text("2:00 PM your time")
    expect(facts).to_contain_text("Sunday, June 1, 2031, 6:00 PM, Berlin time")
    expect(facts).to_contain_text("12:00 PM your time")


def test_attendee_1_before_the_sale_the_page_says_when_it_begins(visit: Visit) -> None:
    event = make_event(starts_at=JUNE, sales_start_at=JUNE - timedelta(days=1))
    page = visit(page_of(event), timezone_id=ON_THE_VISITORS_CLOCKS)
    expect(chip(page)).to_have_text("On sale soon")
    expect(page.get_by_text("The sale begins on Saturday, May 31, 2031, 8:00 PM")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("Sat 2:00 PM your time")
    expect(page.get_by_label("Seats", exact=True)).to_be_hidden()


def test_attendee_1_sold_out_leads_to_other_events(visit: Visit) -> None:
    event = make_event(available_seats=0, name="Late Jazz")
    make_event(event.organiser, name="Early Jazz")
    page = visit(page_of(event))
    expect(page.get_by_text("Sold out. Seats that come back")).to_be_visible()
    page.get_by_role("link", name="More by Blue Note").click()
    expect(page.get_by_role("link", name="Early Jazz")).to_be_visible()
    expect(page.get_by_role("link", name="Late Jazz")).to_have_count(0)


def test_attendee_17_dates_and_money_in_the_visitors_way(visit: Visit) -> None:
    event = make_event(starts_at=JUNE, price=Decimal("12.50"), capacity=1800)
    page = visit(page_of(event), locale="de-DE", timezone_id="Europe/Lisbon")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("[data-show=price]")).to_have_text("12,50 €")
    expect(page.locator(".facts")).to_contain_text("Sonntag, 1. Juni 2031")
    expect(page.locator(".facts")).to_contain_text("20:00")
    expect(page.locator("[data-visitor-time]").first).to_contain_text("19:00")
    expect(seats(page)).to_contain_text("1.800")


def test_attendee_17_a_visitor_in_the_events_zone_reads_its_time_once(visit: Visit) -> None:
    page = visit(page_of(make_event(starts_at=JUNE)), timezone_id="Europe/Berlin")
    expect(page.get_by_label("Seats", exact=True)).to_be_visible()
    expect(page.locator("[data-visitor-time]").first).to_be_empty()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_code_of_a_ticket_is_dark_on_white(visit: Visit, scheme: str) -> None:
    user = make_user()
    booking = make_booking(make_event(), user)
    page = visit(f"/bookings/{booking.reference}/", user, color_scheme=scheme)
    plate = page.get_by_role("img", name="QR code that leads to this ticket")
    expect(plate).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(plate.locator("path")).to_have_css("fill", "rgb(20, 18, 15)")
    page.get_by_role("link", name="Add to calendar").scroll_into_view_if_needed()
    with page.expect_download() as download:
        page.get_by_role("link", name="Add to calendar").click()
    assert download.value.suggested_filename == f"evently-{booking.reference}.ics"


def test_nothing_is_asked_of_other_sites(visit: Visit) -> None:
    user = make_user()
    booking = make_booking(make_event(), user)
    for path in ("/", page_of(booking.event), f"/bookings/{booking.reference}/", "/developers/"):
        assert visit(path, user).evaluate(FOREIGN) == []
