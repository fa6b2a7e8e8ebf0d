"""Freed seats become offers, in the order of the line, before the public sees them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.services import cancel_booking
from events.models import Event
from events.services import cancel_event, edit_event
from tests.makers import make_booking, make_event, make_user, make_users
from tests.waitlist.people import (
    cancel_one,
    free_seats,
    is_sound,
    kept_seats,
    make_entry,
    make_full_event,
    offer_of,
    offered,
    set_line,
    status_of,
)
from waitlist import tasks
from waitlist.models import Entry, Offer, Tier, Waitlist
from waitlist.services import decline_offer, expire_offers, leave_waitlist, sweep

pytestmark = pytest.mark.django_db


def edit(event: Event, **changes: object) -> None:
    """By staff, who may."""
    edit_event(
        event_id=event.pk,
        by=make_user("Sam", is_staff=True),
        changes=changes,
        expected_version=Event.objects.get(pk=event.pk).version,
        now=datetime.now(UTC),
    )


# --- Who is offered what ------------------------------------------------------------------------


def test_a_cancelled_seat_is_offered_to_the_first_and_never_public() -> None:
    event = make_full_event(price=Decimal("12.50"))
    first, second = make_entry(event), make_entry(event)
    cancel_one(event)
    offer = offer_of(first)
    assert (offer.seats, offer.unit_price, offer.currency) == (1, Decimal("12.50"), "EUR")
    assert offer.expires_at - offer.made_at == timedelta(hours=24)
    assert (status_of(first), status_of(second)) == ("offered", "waiting")
    assert free_seats(event) == 0
    assert is_sound(event)


def test_added_seats_are_offered_first_and_the_public_gets_the_rest() -> None:
    event = make_full_event()
    for quantity in (2, 1):
        make_entry(event, quantity=quantity)
    edit(event, capacity=6)
    assert offered(event) == {1: 2, 2: 1}
    assert free_seats(event) == 2
    assert is_sound(event)


def test_an_offer_has_the_price_that_is_set_with_the_added_seats() -> None:
    event = make_full_event(price=Decimal("20.00"))
    entry = make_entry(event)
    edit(event, capacity=2, price=Decimal("30.00"))
    assert offer_of(entry).unit_price == Decimal("30.00")


def test_a_higher_tier_goes_first_and_inside_a_tier_who_came_first() -> None:
    event = make_full_event()
    tiers = [Tier.NEW, None, Tier.PREMIUM, Tier.GOLD, Tier.PREMIUM, Tier.SILVER]
    for tier in tiers:
        make_entry(event, tier=tier)
    order: list[int] = []
    for _ in tiers:
        edit(event, capacity=event.capacity + 1)
        event.refresh_from_db()
        [number] = offered(event).keys() - set(order)
        order.append(number)
    assert order == [3, 5, 4, 6, 2, 1]


def test_standing_counts_more_than_how_many_seats_are_wanted() -> None:
    event = make_full_event()
    make_entry(event, quantity=2)
    make_entry(event, tier=Tier.GOLD)
    edit(event, capacity=3)
    assert (offered(event), free_seats(event)) == ({2: 1}, 1)


def test_a_group_for_which_the_seats_are_too_few_is_passed_over_and_keeps_its_place() -> None:
    event = make_full_event(capacity=4)
    group, single, late = make_entry(event, quantity=3), make_entry(event), make_entry(event)
    cancel_one(event)
    assert (status_of(group), status_of(single)) == ("waiting", "offered")
    edit(event, capacity=7)
    assert offered(event) == {group.number: 3, single.number: 1}
    assert status_of(late) == "waiting"
    assert is_sound(event)


def test_a_group_is_never_offered_a_part_unless_it_said_that_a_part_is_fine() -> None:
    event = make_full_event(capacity=3)
    group, flexible = (
        make_entry(event, quantity=2),
        make_entry(event, quantity=5, part_is_fine=True),
    )
    cancel_one(event)
    assert offered(event) == {flexible.number: 1}
    assert (status_of(group), free_seats(event)) == ("waiting", 0)


def test_seats_that_fit_nobody_are_public_at_once() -> None:
    event = make_full_event(capacity=3)
    make_entry(event, quantity=3)
    cancel_one(event)
    assert (offered(event), free_seats(event), kept_seats(event)) == ({}, 1, 0)


def test_public_seats_and_freed_ones_together_make_a_group_fit() -> None:
    event = make_full_event(capacity=3)
    group = make_entry(event, quantity=2)
    cancel_one(event)
    assert free_seats(event) == 1
    cancel_one(event)
    assert offered(event) == {group.number: 2}
    assert free_seats(event) == 0
    assert is_sound(event)


def test_no_offer_stands_longer_than_the_sale() -> None:
    sale_ends = datetime.now(UTC) + timedelta(minutes=4)
    event = make_full_event(sales_end_at=sale_ends)
    entry = make_entry(event)
    cancel_one(event)
    assert offer_of(entry).expires_at == sale_ends


@pytest.mark.parametrize(
    ("minutes", "left", "stands"),
    [
        (24 * 60, timedelta(days=30), timedelta(hours=24)),
        (24 * 60, timedelta(hours=72), timedelta(hours=24)),
        (24 * 60, timedelta(hours=12), timedelta(hours=4)),
        (24 * 60, timedelta(minutes=29), timedelta(minutes=10)),
        (24 * 60, timedelta(hours=-1), timedelta(minutes=10)),
        (5, timedelta(days=30), timedelta(minutes=10)),
    ],
)
def test_an_offer_stands_for_a_third_of_the_time_left_and_ten_minutes_at_least(
    minutes: int, left: timedelta, stands: timedelta
) -> None:
    now = datetime.now(UTC)
    event = make_full_event(starts_at=now + left, ends_at=now + left + timedelta(hours=9))
    entry = make_entry(event)
    set_line(event, offer_minutes=minutes)
    cancel_one(event, now=now)
    offer = offer_of(entry)
    assert offer.expires_at - offer.made_at == stands


def test_the_organiser_says_how_long_offers_stand() -> None:
    event = make_full_event()
    entry = make_entry(event)
    set_line(event, offer_minutes=45)
    cancel_one(event)
    offer = offer_of(entry)
    assert offer.expires_at - offer.made_at == timedelta(minutes=45)


def test_nobody_is_offered_anything_when_the_sale_is_over() -> None:
    event = make_full_event()
    entry = make_entry(event)
    now = datetime.now(UTC)
    Event.objects.filter(pk=event.pk).update(sales_end_at=now)
    cancel_one(event, now=now)
    assert (status_of(entry), free_seats(event)) == ("waiting", 1)


def test_an_event_without_a_waitlist_gives_its_seats_to_the_public() -> None:
    event = make_full_event()
    cancel_one(event)
    assert free_seats(event) == 1
    assert not Waitlist.objects.exists()


def test_whoever_holds_a_booking_is_not_offered_seats_and_leaves_the_line() -> None:
    """As when the news of the booking was lost."""
    event = make_full_event(capacity=2)
    user = make_user()
    booked, next_one = make_entry(event, user), make_entry(event)
    booking = event.bookings.order_by("pk")[0]
    event.bookings.filter(pk=booking.pk).update(user=user)
    cancel_booking(
        reference=event.bookings.order_by("pk")[1].reference,
        by=event.bookings.order_by("pk")[1].user,
        now=datetime.now(UTC),
    )
    assert (status_of(booked), status_of(next_one)) == ("booked", "offered")
    assert is_sound(event)


def test_whoever_may_book_again_is_offered_seats_besides_a_booking() -> None:
    event = make_full_event(capacity=2, repeat_bookings_allowed=True)
    holder = event.bookings.order_by("pk")[1].user
    entry = make_entry(event, holder)
    cancel_one(event)
    assert status_of(entry) == "offered"


# --- Seats go on --------------------------------------------------------------------------------


def test_declined_seats_go_to_the_next() -> None:
    event = make_full_event()
    first, second = make_entry(event), make_entry(event)
    cancel_one(event)
    decline_offer(offer_id=offer_of(first).pk, user=first.user, now=datetime.now(UTC))
    assert (status_of(first), status_of(second)) == ("declined", "offered")
    assert is_sound(event)


def test_seats_of_a_passed_offer_go_to_the_next_and_in_the_end_to_the_public() -> None:
    event = make_full_event()
    first, second = make_entry(event), make_entry(event)
    cancel_one(event)
    now = datetime.now(UTC)
    assert expire_offers(now=now + timedelta(hours=23)) == 0
    assert expire_offers(now=now + timedelta(hours=25)) == 1
    assert (status_of(first), status_of(second)) == ("lapsed", "offered")
    assert expire_offers(now=now + timedelta(hours=50)) == 1
    assert (status_of(second), free_seats(event)) == ("lapsed", 1)
    assert is_sound(event)


def test_the_seats_of_an_offer_go_on_when_its_person_leaves() -> None:
    event = make_full_event()
    first, second = make_entry(event), make_entry(event)
    cancel_one(event)
    offer = offer_of(first)
    leave_waitlist(event_id=event.pk, user=first.user, now=datetime.now(UTC))
    offer.refresh_from_db()
    assert (status_of(first), offer.status, status_of(second)) == ("left", "declined", "offered")
    assert is_sound(event)


# --- Pausing ------------------------------------------------------------------------------------


def test_while_the_line_is_paused_freed_seats_are_kept_for_it() -> None:
    event = make_full_event(capacity=3)
    entry = make_entry(event)
    set_line(event, is_paused=True)
    cancel_one(event)
    cancel_one(event)
    assert (status_of(entry), free_seats(event), kept_seats(event)) == ("waiting", 0, 2)
    assert is_sound(event)


def test_public_seats_stay_public_when_the_line_is_paused() -> None:
    event = make_full_event(capacity=3)
    make_entry(event, quantity=3)
    cancel_one(event)
    set_line(event, is_paused=True)
    cancel_one(event)
    assert (free_seats(event), kept_seats(event)) == (1, 1)
    assert is_sound(event)


def test_kept_seats_are_public_when_nobody_waits_any_more() -> None:
    event = make_full_event()
    entry = make_entry(event)
    set_line(event, is_paused=True)
    cancel_one(event)
    leave_waitlist(event_id=event.pk, user=entry.user, now=datetime.now(UTC))
    assert (free_seats(event), kept_seats(event)) == (1, 0)
    assert is_sound(event)


def test_a_paused_line_without_people_keeps_nothing() -> None:
    event = make_full_event()
    set_line(event, is_paused=True)
    cancel_one(event)
    assert (free_seats(event), kept_seats(event)) == (1, 0)


# --- Gathering ----------------------------------------------------------------------------------


def make_gathering_event() -> tuple[Event, Entry]:
    """A group of three has one seat gathered, of four; for 30 minutes."""
    event = make_full_event(capacity=4)
    group = make_entry(event, quantity=3)
    set_line(event, gather_minutes=30)
    cancel_one(event)
    return event, group


def test_seats_that_are_too_few_are_gathered_for_the_first_group() -> None:
    event, group = make_gathering_event()
    assert (free_seats(event), kept_seats(event)) == (0, 1)
    cancel_one(event)
    assert (free_seats(event), kept_seats(event)) == (0, 2)
    cancel_one(event)
    assert (offered(event), kept_seats(event)) == ({group.number: 3}, 0)
    assert is_sound(event)


def test_what_is_gathered_is_not_given_to_somebody_behind_the_group() -> None:
    event, group = make_gathering_event()
    single = make_entry(event)
    assert (status_of(single), kept_seats(event)) == ("waiting", 1)
    cancel_one(event)
    assert (status_of(single), status_of(group), kept_seats(event)) == ("offered", "waiting", 1)
    assert is_sound(event)


def test_what_is_gathered_goes_to_whoever_stands_ahead_of_the_group_now() -> None:
    event, group = make_gathering_event()
    gold = make_entry(event, tier=Tier.GOLD)
    assert (status_of(gold), status_of(group), kept_seats(event)) == ("offered", "waiting", 0)
    assert is_sound(event)


def test_gathering_ends_after_the_set_time_whatever_was_added_meanwhile() -> None:
    event, group = make_gathering_event()
    now = datetime.now(UTC)
    cancel_one(event, now=now + timedelta(minutes=20))
    single = make_entry(event, now=now + timedelta(minutes=25))
    expire_offers(now=now + timedelta(minutes=29))
    assert (status_of(single), kept_seats(event)) == ("waiting", 2)
    expire_offers(now=now + timedelta(minutes=31))
    assert (status_of(single), status_of(group)) == ("offered", "waiting")
    assert (free_seats(event), kept_seats(event)) == (1, 0)
    assert is_sound(event)


def test_public_seats_are_not_gathered_again() -> None:
    event, _ = make_gathering_event()
    now = datetime.now(UTC) + timedelta(minutes=31)
    expire_offers(now=now)
    assert free_seats(event) == 1
    cancel_one(event, now=now)
    assert (free_seats(event), kept_seats(event)) == (1, 1)
    assert is_sound(event)


# --- The end of an event ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_cancelling_an_event_sends_everybody_home() -> None:
    event = make_full_event(capacity=2)
    user = make_user("Sam", is_staff=True)
    first, second = make_entry(event), make_entry(event)
    cancel_one(event)
    offer = offer_of(first)
    now = datetime.now(UTC)
    cancel_event(event_id=event.pk, by=user, now=now)
    sweep(now=now)
    offer.refresh_from_db()
    assert (status_of(first), status_of(second)) == ("closed", "closed")
    assert (offer.status, free_seats(event)) == ("withdrawn", 1)
    assert is_sound(event)


def test_a_line_is_closed_when_its_event_is_over_and_kept_seats_are_released() -> None:
    event = make_full_event()
    entry = make_entry(event)
    set_line(event, is_paused=True)
    cancel_one(event)
    sweep(now=event.ends_at - timedelta(seconds=1))
    assert status_of(entry) == "waiting"
    sweep(now=event.ends_at)
    assert (status_of(entry), free_seats(event), kept_seats(event)) == ("closed", 1, 0)
    assert is_sound(event)


def test_the_sweep_serves_a_line_that_was_missed() -> None:
    """As after a sale that is prolonged: nothing was freed just then."""
    event = make_full_event()
    entry = make_entry(event)
    now = datetime.now(UTC)
    Event.objects.filter(pk=event.pk).update(sales_end_at=now)
    cancel_one(event, now=now)
    Event.objects.filter(pk=event.pk).update(sales_end_at=None)
    sweep(now=now)
    assert (status_of(entry), free_seats(event)) == ("offered", 0)
    assert is_sound(event)


# --- What it costs ------------------------------------------------------------------------------


def statements_of_serving(people: int, seats: int) -> int:
    """Statements of an edit that adds so many seats, while so many people wait."""
    event = make_full_event()
    for user in make_users(people):
        make_entry(event, user, quantity=1 + user.pk.int % 3)
    staff = make_user("Sam", is_staff=True)
    version = Event.objects.get(pk=event.pk).version
    with CaptureQueriesContext(
        connection,
    ) as queries:
        edit_event(
            event_id=event.pk,
            by=staff,
            changes={"capacity": 1 + seats},
            expected_version=version,
            now=datetime.now(UTC),
        )
    assert sum(offered(event).values()) == seats
    assert is_sound(event)
    return len(queries)


def test_serving_takes_as_many_statements_for_many_as_for_one() -> None:
    assert statements_of_serving(people=120, seats=90) == statements_of_serving(people=10, seats=3)


def test_freed_seats_are_public_without_a_look_at_the_line_when_there_is_none() -> None:
    event = make_event(capacity=2)
    booking = make_booking(event)
    with CaptureQueriesContext(connection) as queries:
        cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))
    asked = [query["sql"] for query in queries if "waitlist_" in query["sql"]]
    assert len(asked) == 1


# --- A scheduler that stood still ---------------------------------------------------------------


def test_what_a_stopped_scheduler_left_is_caught_up_with_in_one_round() -> None:
    """An hour without jobs: offers whose time is over, a group's seat gathered for too long, an
    event that is over, and a sale that went on."""
    now = datetime.now(UTC)
    late, gathering, over, resumed = (make_full_event(capacity=2) for _ in range(4))
    slow, quick = make_entry(late), make_entry(late)
    set_line(late, offer_minutes=10)
    cancel_one(late, now=now)
    group = make_entry(gathering, quantity=2)
    set_line(gathering, gather_minutes=20)
    cancel_one(gathering, now=now)
    single = make_entry(gathering)
    guest = make_entry(over)
    Event.objects.filter(pk=over.pk).update(
        starts_at=now + timedelta(minutes=20), ends_at=now + timedelta(minutes=30)
    )
    waiting = make_entry(resumed)
    Event.objects.filter(pk=resumed.pk).update(sales_end_at=now)
    cancel_one(resumed, now=now)
    Event.objects.filter(pk=resumed.pk).update(sales_end_at=None)

    an_hour_later = now + timedelta(hours=1)
    assert expire_offers(now=an_hour_later) == 1
    sweep(now=an_hour_later)
    assert (status_of(slow), status_of(quick)) == ("lapsed", "offered")
    assert (status_of(group), status_of(single), kept_seats(gathering)) == ("waiting", "offered", 0)
    assert (status_of(guest), status_of(waiting)) == ("closed", "offered")
    assert all(is_sound(event) for event in (late, gathering, over, resumed))
    assert all(offer.expires_at > an_hour_later for offer in Offer.objects.open())


def test_the_jobs_go_by_the_clock_and_ignore_what_they_do_not_know() -> None:
    event, called_off = make_full_event(), make_full_event()
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    first, second = make_entry(event, now=an_hour_ago), make_entry(event, now=an_hour_ago)
    set_line(event, offer_minutes=10)
    cancel_one(event, now=an_hour_ago)
    third = make_entry(called_off)
    Event.objects.filter(pk=called_off.pk).update(status=Event.Status.CANCELLED)
    tasks.expire_offers(news="of a later release")
    assert (status_of(first), status_of(second)) == ("lapsed", "offered")
    tasks.close_waitlist(event_id=str(called_off.pk), news="of a later release")
    assert status_of(third) == "closed"
    tasks.sweep(news="of a later release")
    scheduled = {line["task"]: line["schedule"] for line in settings.CELERY_BEAT_SCHEDULE.values()}
    assert (scheduled["waitlist.expire_offers"], scheduled["waitlist.sweep"]) == (5, 60)
