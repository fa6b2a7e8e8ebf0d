"""The steps of an event: publish, change the number of seats, copy, cancel."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from bookings.services.cancelling import cancel_bookings_of_event
from events.models import Event
from tests.admin.world import EDITORS, World, history_of, page, stored, text, told
from tests.makers import make_booking, make_event, mark_paid

STEPS = ("publish", "capacity", "copy", "cancel")


def progress_page(event: Event) -> str:
    return reverse("admin:bookings_booking_cancelling", args=[event.pk])


def capacity_form(event: Event, capacity: Any, **more: Any) -> dict[str, Any]:
    return {"capacity": capacity, "seen_version": event.version} | more


# --- Publish --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EDITORS)
def test_publishing_says_what_goes_on_sale_and_asks(world: World, name: str) -> None:
    client = world.at(name)
    content = text(client.get(page(world.draft, "publish")))
    assert "100 seats, each: €20.00." in content
    assert stored(world.draft)["status"] == "draft"
    response = client.post(page(world.draft, "publish"))
    assert response.headers["Location"] == page(world.draft)
    assert "“Secret Plan” is on sale." in told(response)
    assert stored(world.draft)["status"] == "published"
    assert history_of(world.draft) == [("status", "draft", "published", world.people[name])]


def test_what_is_over_is_not_published(world: World) -> None:
    over = datetime(2020, 1, 1, tzinfo=UTC)
    event = make_event(world.organiser, starts_at=over, status="draft")
    before = stored(event)
    response = world.at("owner").post(page(event, "publish"))
    assert response.status_code == 409
    assert "This lies in the past" in text(response)
    assert stored(event) == before


def test_a_step_that_does_not_fit_the_state_is_refused_in_words(world: World) -> None:
    client = world.at("owner")
    for event, step in ((world.event, "publish"), (world.draft, "cancel")):
        before = stored(event)
        assert "not possible now" in text(client.get(page(event, step)))
        response = client.post(page(event, step))
        assert response.status_code == 409
        assert "not possible now" in text(response)
        assert stored(event) == before


# --- Capacity -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EDITORS)
def test_editors_change_the_number_of_seats(world: World, name: str) -> None:
    client, event = world.at(name), world.aside
    content = text(client.get(page(event, "capacity")))
    assert "Now 100: 98 available, 2 confirmed, 0 held, 0 offered." in content
    event.refresh_from_db()
    response = client.post(page(event, "capacity"), capacity_form(event, 120))
    assert "“Small Talk” has 120 seats now." in told(response)
    assert (stored(event)["capacity"], stored(event)["available_seats"]) == (120, 118)
    assert history_of(event) == [("capacity", 100, 120, world.people[name])]


def test_a_capacity_below_the_taken_seats_shows_the_three_numbers(world: World) -> None:
    make_booking(world.event, quantity=7)
    world.event.refresh_from_db()
    before = stored(world.event)
    response = world.at("owner").post(page(world.event, "capacity"), capacity_form(world.event, 5))
    assert response.status_code == 409
    assert "11 confirmed, 0 held, 0 offered" in text(response)
    assert "at least 11" in text(response)
    assert 'value="5"' in text(response)
    assert stored(world.event) == before


@pytest.mark.parametrize("capacity", ["", "0", "-3", "1000001", "many", "1e3", "5.5", "9\x00"])
def test_a_capacity_that_is_no_number_of_seats_is_refused(world: World, capacity: str) -> None:
    before = stored(world.event)
    response = world.at("owner").post(
        page(world.event, "capacity"), capacity_form(world.event, capacity)
    )
    assert response.status_code == 409
    form = response.context["form"]
    assert form.errors["capacity"]
    assert form["capacity"].value() == capacity
    assert stored(world.event) == before


@pytest.mark.parametrize("version", ["", "0", "1000"])
def test_a_capacity_is_not_changed_over_somebody_elses_change(world: World, version: str) -> None:
    before = stored(world.event)
    client = world.at("owner")
    sent = capacity_form(world.event, 50, seen_version=version)
    response = client.post(page(world.event, "capacity"), sent)
    assert "Somebody changed this event" in text(response)
    assert stored(world.event) == before
    seen = response.context["form"]["seen_version"].value()
    client.post(page(world.event, "capacity"), sent | {"seen_version": seen})
    assert stored(world.event)["capacity"] == 50


# --- Copy -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EDITORS)
def test_a_copy_is_a_draft_at_the_new_date_without_bookings(world: World, name: str) -> None:
    client = world.at(name)
    content = text(client.get(page(world.event, "copy")))
    assert "On the clocks of Europe/Berlin." in content
    response = client.post(page(world.event, "copy"), {"starts_at": "2030-07-01T19:30"})
    copy = Event.objects.get(status="draft", name="Late Jazz")
    assert response.headers["Location"] == page(copy)
    assert copy.starts_at == datetime(2030, 7, 1, 17, 30, tzinfo=UTC)
    assert (copy.capacity, copy.available_seats, copy.price) == (100, 100, world.event.price)
    assert not copy.bookings.exists()
    assert history_of(copy) == [("status", None, "draft", world.people[name])]


@pytest.mark.parametrize(
    ("starts_at", "reason"),
    [
        ("", "This field is required"),
        ("2020-01-01T10:00", "This lies in the past"),
        ("soon", "Enter a valid date"),
        ("2030-07-01T19:30 <script>", "Enter a valid date"),
    ],
)
def test_a_copy_needs_a_start_in_the_future(world: World, starts_at: str, reason: str) -> None:
    before = Event.objects.count()
    response = world.at("owner").post(page(world.event, "copy"), {"starts_at": starts_at})
    assert response.status_code == 409
    assert reason in text(response)
    assert response.context["form"]["starts_at"].value() == starts_at
    assert Event.objects.count() == before


def test_last_years_event_is_copied_to_this_year(world: World) -> None:
    event = make_event(
        world.organiser,
        name="Fair",
        starts_at=datetime(2024, 5, 1, 10, tzinfo=UTC),
        status="completed",
    )
    client = world.at("manager")
    assert page(event, "copy") in text(client.get(page(event)))
    assert client.post(page(event, "copy"), {"starts_at": "2030-05-01T12:00"}).status_code == 302
    assert Event.objects.filter(name="Fair", status="draft").exists()


# --- Cancel ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EDITORS)
def test_cancelling_shows_what_it_will_do_and_then_does_it(world: World, name: str) -> None:
    client = world.at(name)
    assert "To be refunded" not in text(client.get(page(world.event, "cancel")))
    mark_paid(*world.event.bookings.all())
    content = text(client.get(page(world.event, "cancel")))
    assert "2 bookings with 4 seats will be cancelled." in content
    assert "To be refunded: €80.00." in content
    assert "This cannot be taken back." in content
    assert stored(world.event)["status"] == "published"
    response = client.post(page(world.event, "cancel"))
    assert response.headers["Location"] == progress_page(world.event)
    assert stored(world.event)["status"] == "cancelled"
    assert history_of(world.event) == [("status", "published", "cancelled", world.people[name])]


def test_a_cancelled_event_is_not_cancelled_again(world: World) -> None:
    client = world.at("owner")
    client.post(page(world.event, "cancel"))
    before = stored(world.event)
    response = client.post(page(world.event, "cancel"))
    assert response.status_code == 409
    assert stored(world.event) == before


def test_the_progress_moves_until_all_bookings_are_cancelled(world: World) -> None:
    client, event = world.at("owner"), world.event
    client.post(page(event, "cancel"))
    content = text(client.get(progress_page(event)))
    assert "0 of 2 bookings are cancelled." in content
    assert 'http-equiv="refresh"' in content
    part = text(client.get(progress_page(event), headers={"HX-Request": "true"}))
    assert "<html" not in part
    assert f'hx-get="{progress_page(event)}"' in part
    cancel_bookings_of_event(event_id=event.pk, now=datetime.now(UTC))
    content = text(client.get(progress_page(event)))
    assert "Finished: 2 bookings are cancelled." in content
    assert "hx-get" not in content
    assert 'http-equiv="refresh"' not in content
    assert not Booking.objects.live().filter(event=event).exists()


@pytest.mark.parametrize("step", STEPS)
def test_a_step_needs_the_forms_own_token(world: World, step: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["owner"])
    before = stored(world.event), stored(world.draft)
    for event in (world.event, world.draft):
        sent = capacity_form(event, 50, starts_at="2030-07-01T19:30")
        assert client.post(page(event, step), sent).status_code == 403
    assert (stored(world.event), stored(world.draft)) == before
    assert Event.objects.filter(organiser=world.organiser).count() == 3
