"""What an organiser does in the admin, with a real browser and a real server.

Each test is a line of the organisers' journeys, by its number.
"""

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from openpyxl import load_workbook
from playwright.sync_api import Locator, Page, expect

from bookings.services import cancel_bookings_of_event
from evently.accounts.models import User
from events.models import Event, Organiser, Role
from tests.browser.conftest import Visit
from tests.makers import (
    PASSWORD,
    add_member,
    make_booking,
    make_event,
    make_organiser,
    make_user,
    mark_paid,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner() -> User:
    return make_user("Olga")


@pytest.fixture
def organiser(owner: User) -> Organiser:
    return make_organiser(owner)


def admin_page(event: Event) -> str:
    return f"/admin/events/event/{event.pk}/change/"


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def link(page: Page, name: str) -> Locator:
    return page.locator("#main").get_by_role("link", name=name)


def tile(page: Page, name: str) -> Locator:
    """The number on the event page under this word."""
    return page.locator(".tile", has_text=name).locator("dd")


def test_organiser_1_from_log_in_to_a_published_event(
    visit: Visit, owner: User, organiser: Organiser
) -> None:
    # The server does not know the quick hasher of the tests.
    owner.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt")
    owner.save()
    page = visit("/accounts/login/?next=/admin/")
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    button(page, "Log in").click()
    link(page, "Add an event").click()
    page.get_by_label("Name:").fill("Late Jazz")
    page.get_by_label("Venue:").fill("Cellar, Berlin")
    page.get_by_label("Starts:", exact=True).fill("2030-06-01T20:00")
    page.get_by_label("Time zone:").select_option("Europe/Berlin")
    page.get_by_label("Price of a seat:").fill("12.50")
    page.get_by_label("Seats:", exact=True).fill("80")
    page.get_by_text("Put on sale when saving").click()
    button(page, "Save").click()
    expect(page.get_by_text("80, the capacity.")).to_be_visible()
    link(page, "Public page").click()
    expect(page.get_by_role("heading", name="Late Jazz")).to_be_visible()
    expect(page.get_by_text("80 of 80 seats left")).to_be_visible()
    expect(page.get_by_text("€12.50").first).to_be_visible()
    event = Event.objects.get()
    assert event.starts_at == datetime(2030, 6, 1, 18, 0, tzinfo=UTC)
    assert event.ends_at - event.starts_at == timedelta(hours=3)


def test_organiser_2_lowering_the_capacity_below_what_is_taken_shows_the_three_numbers(
    visit: Visit, owner: User, organiser: Organiser
) -> None:
    event = make_event(organiser, capacity=10)
    make_booking(event, quantity=4)
    page = visit(admin_page(event), owner)
    link(page, "Change the number of seats").click()
    page.get_by_label("Seats in all").fill("3")
    button(page, "Change it").click()
    expect(page.get_by_text("4 confirmed, 0 held, 0 offered").first).to_be_visible()
    expect(page.get_by_text("Choose a capacity of at least 4")).to_be_visible()
    expect(page.get_by_label("Seats in all")).to_have_value("3")
    event.refresh_from_db()
    assert (event.capacity, event.available_seats) == (10, 6)
    page.get_by_label("Seats in all").fill("4")
    button(page, "Change it").click()
    expect(tile(page, "available")).to_have_text("0")


def test_organiser_4_the_numbers_of_an_event_add_up(
    visit: Visit, owner: User, organiser: Organiser
) -> None:
    event = make_event(organiser, capacity=50)
    make_booking(event, quantity=7)
    page = visit(admin_page(event), owner)
    for name, seats in {
        "Capacity": 50,
        "confirmed": 7,
        "held": 0,
        "offered": 0,
        "available": 43,
    }.items():
        expect(tile(page, name)).to_have_text(str(seats))
    expect(page.get_by_text("7 confirmed + 0 held + 0 offered + 43 available = 50")).to_be_visible()


def test_organiser_11_attendees_as_files(
    visit: Visit, owner: User, organiser: Organiser, tmp_path: Path
) -> None:
    event, other = make_event(organiser, name="Late Jazz"), make_event(organiser, name="Tango")
    for number in range(3):
        make_booking(event, make_user(f"Guest {number}", email=f"guest{number}@example.com"))
    make_booking(other)
    page = visit(admin_page(event), owner)
    with page.expect_download() as started:
        link(page, "Export as CSV").click()
    started.value.save_as(tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 + 3
    with page.expect_download() as started:
        link(page, "Export for Excel").click()
    started.value.save_as(tmp_path / "all.xlsx")
    sheet = load_workbook(tmp_path / "all.xlsx").active
    assert sheet is not None
    assert sheet.max_row == 1 + 3


def test_organiser_12_two_people_edit_the_same_event(
    visit: Visit, owner: User, organiser: Organiser
) -> None:
    colleague = make_user("Carl")
    add_member(organiser, colleague, Role.MANAGER)
    event = make_event(organiser, name="Late Jazz", venue="Cellar")
    first, second = visit(admin_page(event), owner), visit(admin_page(event), colleague)
    first.get_by_label("Venue:").fill("Attic")
    button(first, "Save").click()
    expect(first.get_by_text("was changed successfully")).to_be_visible()
    second.get_by_label("Venue:").fill("Garden")
    button(second, "Save").click()
    expect(second.get_by_text("Somebody else changed this event")).to_be_visible()
    both = second.locator(".differences")
    expect(both).to_contain_text("Attic")
    expect(both).to_contain_text("Garden")
    expect(both).to_contain_text("Olga")
    event.refresh_from_db()
    assert event.venue == "Attic"
    expect(second.get_by_label("Venue:")).to_have_value("Garden")
    button(second, "Save").click()
    expect(second.get_by_text("was changed successfully")).to_be_visible()
    event.refresh_from_db()
    assert event.venue == "Garden"


def test_organiser_13_a_forbidden_link_gives_no_data(
    visit: Visit, owner: User, organiser: Organiser
) -> None:
    event, secret = make_event(organiser), make_event(organiser, name="Secret Plan")
    booking = make_booking(event, make_user("Berta", email="berta@example.com"), quantity=2)
    people = {role: make_user(role.title()) for role in (Role.DOOR, Role.FINANCE, Role.MANAGER)}
    for role, person in people.items():
        add_member(organiser, person, role, event if role == Role.MANAGER else None)
    door = visit("/admin/bookings/booking/", people[Role.DOOR])
    expect(door.get_by_text(booking.reference)).to_be_visible()
    expect(door.get_by_text("Berta")).to_be_visible()
    assert "berta@example.com" not in door.content()
    assert "€" not in door.locator("#result_list").inner_text()
    forbidden = {
        (Role.DOOR, "/admin/bookings/booking/export.csv"),
        (Role.FINANCE, f"/admin/events/event/{event.pk}/capacity/"),
        (Role.MANAGER, admin_page(secret)),
        (Role.MANAGER, "/admin/events/event/add/"),
    }
    for role, address in forbidden:
        page = visit("/", people[role])
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 403, (role, address)
        assert "Secret Plan" not in page.content()
    page = visit(admin_page(event), people[Role.FINANCE])
    expect(link(page, "Export as CSV")).to_be_visible()
    expect(button(page, "Save")).to_be_hidden()


def test_organiser_16_a_copy_at_a_new_date_without_bookings(
    visit: Visit, owner: User, organiser: Organiser
) -> None:
    event = make_event(organiser, name="Late Jazz", capacity=30, max_per_booking=4)
    make_booking(event, quantity=2)
    page = visit(admin_page(event), owner)
    link(page, "Copy to a new date").click()
    page.get_by_label("The copy starts").fill("2030-02-03T19:30")
    button(page, "Make the copy").click()
    expect(page.get_by_text("Here is the copy")).to_be_visible()
    expect(page.get_by_label("Starts:", exact=True)).to_have_value("2030-02-03T19:30")
    expect(tile(page, "available")).to_have_text("30")
    copy = Event.objects.exclude(pk=event.pk).get()
    assert (copy.status, copy.max_per_booking, copy.bookings.count()) == (Event.Status.DRAFT, 4, 0)
    link(page, "Publish").click()
    button(page, "Publish").click()
    expect(page.get_by_text("is on sale").first).to_be_visible()


def test_organiser_17_every_change_has_who_when_before_and_after(
    visit: Visit, owner: User, organiser: Organiser
) -> None:
    event = make_event(organiser, name="Late Jazz", price="20.00", capacity=10)
    page = visit(admin_page(event), owner)
    page.get_by_label("Price of a seat:").fill("24.00")
    button(page, "Save and continue editing").click()
    link(page, "Change the number of seats").click()
    page.get_by_label("Seats in all").fill("12")
    button(page, "Change it").click()
    link(page, "History").click()
    for field, before, after in (("price", "20.00", "24.00"), ("capacity", "10", "12")):
        row = page.get_by_role("row", name=re.compile(rf"Olga.*: {field} {before}.*{after}"))
        expect(row).to_be_visible()


def test_an_event_is_cancelled_after_a_preview_and_its_progress_is_shown(
    visit: Visit, owner: User, organiser: Organiser
) -> None:
    event = make_event(organiser, name="Late Jazz", capacity=10, price="20.00")
    mark_paid(make_booking(event, quantity=3))
    page = visit(admin_page(event), owner)
    link(page, "Cancel the event").click()
    expect(page.get_by_text("1 booking with 3 seats will be cancelled.")).to_be_visible()
    expect(page.get_by_text("To be refunded: €60.00.")).to_be_visible()
    button(page, "Cancel the event").click()
    expect(page.get_by_text("0 of 1 bookings are cancelled")).to_be_visible()
    cancel_bookings_of_event(event_id=event.pk, now=datetime.now(UTC))
    expect(page.get_by_text("Finished: 1 booking is cancelled.")).to_be_visible()
