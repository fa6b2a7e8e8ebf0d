"""Waiting for seats through the API."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from bookings.models import Booking
from evently.accounts.models import User
from events.models import Event, Role
from tests.api.shapes import assert_invalid, assert_problem
from tests.conftest import client_of
from tests.makers import add_member, make_event, make_organiser, make_user
from tests.waitlist.people import (
    cancel_one,
    free_seats,
    is_sound,
    make_entry,
    make_full_event,
    make_owned_full_event,
    offer_of,
    set_line,
    status_of,
)
from waitlist.models import Entry, Offer, Tier
from waitlist.queries import offer_token

pytestmark = pytest.mark.django_db


def address(event: Event, name: str = "waitlist") -> str:
    return reverse(name, args=[event.pk])


def wait_for(user: User, event: Event, quantity: Any = 1, **wish: Any) -> Any:
    return client_of(user).post(address(event), {"quantity": quantity, **wish})


def answer_offer(user: User, offer: Offer, how: str) -> Any:
    return client_of(user).post(reverse(f"{how}-offer", args=[offer_token(offer)]))


# --- Joining and leaving ------------------------------------------------------------------------


def test_who_joins_is_told_their_place() -> None:
    event = make_full_event(capacity=4)
    make_entry(event, quantity=3)
    answer = wait_for(make_user(), event, 2)
    assert answer.status_code == 201
    entry = Entry.objects.latest("joined_at")
    shown = answer.json()
    assert shown["id"] == str(entry.pk)
    assert (shown["position"], shown["people_ahead"], shown["seats_ahead"]) == (2, 1, 3)
    assert (shown["quantity"], shown["part_is_fine"]) == (2, False)
    assert (shown["tier"], shown["status"], shown["offer"]) == ("standard", "waiting", None)
    assert 0 <= shown["promotion_probability"] <= 1
    assert shown["event_id"] == str(event.pk)


def test_the_place_is_read_again_and_left() -> None:
    event, user = make_full_event(), make_user()
    wait_for(user, event)
    client = client_of(user)
    assert client.get(address(event)).json()["position"] == 1
    assert client.delete(address(event)).status_code == 204
    assert_problem(client.get(address(event)), 404, "not-found")
    assert_problem(client.delete(address(event)), 404, "not-found")
    assert Entry.objects.get().status == Entry.Status.LEFT


def test_nobody_waits_for_what_can_be_booked() -> None:
    event = make_event(capacity=3)
    problem = assert_problem(wait_for(make_user(), event, 3), 409, "seats-available")
    assert problem["available_seats"] == 3
    assert not Entry.objects.exists()


def test_nobody_waits_twice_nor_for_an_event_that_is_booked() -> None:
    event, user = make_full_event(), make_user()
    wait_for(user, event)
    assert_problem(wait_for(user, event), 409, "already-waiting")
    holder = Booking.objects.get().user
    assert_problem(wait_for(holder, event), 409, "already-booked")
    assert Entry.objects.count() == 1


def test_nobody_waits_for_an_event_that_is_over() -> None:
    event = make_full_event()
    past = datetime.now(UTC) - timedelta(days=2)
    Event.objects.update(starts_at=past, ends_at=past + timedelta(hours=2))
    assert_problem(wait_for(make_user(), event), 409, "event-closed")


@pytest.mark.parametrize("quantity", [0, -1, "2", None, 1.5])
def test_what_is_no_number_of_seats_is_refused(quantity: Any) -> None:
    assert_invalid(wait_for(make_user(), make_full_event(), quantity), "quantity")


def test_a_group_is_no_larger_than_a_booking_may_be() -> None:
    event = make_full_event(max_per_booking=4)
    assert_invalid(wait_for(make_user(), event, 5), "quantity")
    assert not Entry.objects.exists()


def test_a_refused_booking_names_the_address_of_the_waitlist_where_one_can_wait() -> None:
    event, user = make_full_event(), make_user()
    client = client_of(user)
    refusal = client.post(reverse("bookings"), {"event_id": str(event.pk), "quantity": 1})
    where = assert_problem(refusal, 409, "sold-out")["waitlist"]
    assert client.post(where, {"quantity": 1}).status_code == 201


def test_a_tier_is_told_by_its_name() -> None:
    event, user = make_full_event(), make_user()
    make_entry(event, user, tier=Tier.GOLD)
    assert client_of(user).get(address(event)).json()["tier"] == "gold"


# --- Offers -------------------------------------------------------------------------------------


def test_an_offer_stands_in_the_entry_and_its_token_books_it() -> None:
    event, user = make_full_event(price=Decimal("12.50"), capacity=2), make_user()
    wait_for(user, event, 2, part_is_fine=True)
    cancel_one(event)
    shown = client_of(user).get(address(event)).json()
    assert (shown["status"], shown["estimated_wait_seconds"]) == ("offered", 0)
    offer = shown["offer"]
    assert (offer["seats"], offer["unit_price"], offer["total"]) == (1, "12.50", "12.50")
    answer = client_of(user).post(reverse("accept-offer", args=[offer["token"]]))
    assert answer.status_code == 201
    booking = answer.json()
    assert (booking["quantity"], booking["total"]) == (1, "12.50")
    assert answer["Location"] == reverse("booking", args=[booking["reference"]])
    assert is_sound(event)


def test_an_offer_is_accepted_once_and_its_owner_gets_the_booking_each_time() -> None:
    event, user = make_full_event(), make_user()
    entry = make_entry(event, user)
    cancel_one(event)
    offer = offer_of(entry)
    first, again = (answer_offer(user, offer, "accept") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.json(), again["Location"]) == (first.json(), first["Location"])
    problem = assert_problem(answer_offer(user, offer, "decline"), 410, "offer-passed")
    assert problem["offer_status"] == "accepted"
    assert_problem(answer_offer(make_user(), offer, "accept"), 404, "not-found")
    assert Booking.objects.filter(user=user).count() == 1


def test_who_declines_lets_the_next_have_it() -> None:
    event, user = make_full_event(), make_user()
    entry, second = make_entry(event, user), make_entry(event)
    cancel_one(event)
    offer = offer_of(entry)
    assert answer_offer(user, offer, "decline").status_code == 204
    assert status_of(second) == "offered"
    assert answer_offer(user, offer, "decline").status_code == 204
    assert status_of(second) == "offered"
    assert not Booking.objects.filter(user=user).exists()


def test_who_is_late_is_told_that_it_passed_on() -> None:
    event, user = make_full_event(), make_user()
    entry, second = make_entry(event, user), make_entry(event)
    cancel_one(event)
    offer = offer_of(entry)
    past = datetime.now(UTC) - timedelta(minutes=1)
    Offer.objects.filter(pk=offer.pk).update(made_at=past - timedelta(minutes=10), expires_at=past)
    assert_problem(answer_offer(user, offer, "accept"), 410, "offer-passed")
    assert status_of(entry) == "lapsed"
    assert status_of(second) == "offered"
    assert free_seats(event) == 0


@pytest.mark.parametrize("how", ["accept", "decline"])
def test_another_persons_link_and_a_forged_one_are_unknown(how: str) -> None:
    event = make_full_event()
    entry = make_entry(event)
    cancel_one(event)
    offer = offer_of(entry)
    thief = make_user()
    assert_problem(answer_offer(thief, offer, how), 404, "not-found")
    for token in (offer.pk.hex, f"{offer.pk.hex}.forged", "x", "%00", "a" * 2000):
        answer = client_of(entry.user).post(f"/api/v1/waitlist/offers/{token}/{how}")
        assert_problem(answer, 404, "not-found")
    assert status_of(entry) == "offered"


# --- The event's team ---------------------------------------------------------------------------


def test_the_team_sees_the_waitlist_in_figures() -> None:
    event, owner = make_owned_full_event(capacity=3)
    users = [make_user() for _ in range(4)]
    for user, quantity in zip(users, (1, 1, 2, 1), strict=True):
        make_entry(event, user, quantity)
    cancel_one(event)
    cancel_one(event)
    first, second = Offer.objects.order_by("entry__number")
    answer_offer(users[0], first, "accept")
    answer_offer(users[1], second, "decline")
    stats = client_of(owner).get(address(event, "waitlist-stats")).json()
    assert (stats["waiting"], stats["waiting_seats"], stats["offered"]) == (1, 2, 1)
    assert (stats["accepted"], stats["declined"], stats["expired"]) == (1, 1, 0)
    assert stats["promotion_rate"] == 0.5
    assert stats["mean_wait_seconds"] >= 0


def test_the_team_has_free_seats_offered_now() -> None:
    event, owner = make_owned_full_event()
    entry = make_entry(event)
    set_line(event, is_paused=True)
    cancel_one(event)
    process = address(event, "process-waitlist")
    assert client_of(owner).post(process).json() == {"offers_made": 0}
    set_line(event, is_paused=False)
    assert client_of(owner).post(process).json() == {"offers_made": 1}
    assert status_of(entry) == "offered"


def test_a_colleague_at_the_door_sees_the_figures_and_changes_nothing() -> None:
    event = make_full_event(make_organiser(make_user()))
    colleague = make_user()
    add_member(event.organiser, colleague, Role.DOOR)
    assert client_of(colleague).get(address(event, "waitlist-stats")).status_code == 200
    assert client_of(colleague).post(address(event, "process-waitlist")).status_code == 403


def test_reading_a_place_takes_few_queries(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    event, user = make_full_event(capacity=2), make_user()
    for _ in range(5):
        make_entry(event)
    make_entry(event, user)
    client = client_of(user)
    client.get(address(event))
    with django_assert_max_num_queries(5):
        assert client.get(address(event)).json()["position"] == 6


def test_a_booking_that_is_refused_for_want_of_seats_is_told_where_others_wait() -> None:
    event = make_full_event(capacity=3)
    cancel_one(event)
    answer = client_of(make_user()).post(
        reverse("bookings"), {"event_id": str(event.pk), "quantity": 2}
    )
    problem = assert_problem(answer, 409, "sold-out")
    assert (problem["available_seats"], problem["waitlist"]) == (1, address(event))
