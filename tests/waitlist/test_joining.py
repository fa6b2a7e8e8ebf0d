"""Joining a line, standing in it, and leaving it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from bookings.errors import AlreadyBooked
from evently.accounts.models import User
from evently.errors import Invalid, Refusal
from evently.ids import new_id
from events.errors import EventClosed, EventNotFound
from events.models import Event
from tests.makers import make_booking, make_event, make_user, make_users
from tests.waitlist.people import (
    cancel_one,
    free_seats,
    is_sound,
    make_entry,
    make_full_event,
    naive_places,
    offer_of,
    offered,
    status_of,
)
from waitlist.counting import count_in
from waitlist.errors import AlreadyWaiting, EntryNotFound, SeatsAvailable
from waitlist.models import Count, Entry, Standing, Tier, Waitlist
from waitlist.queries import find_entry, list_line, place_of, places_of
from waitlist.services import join_waitlist, leave_waitlist

pytestmark = pytest.mark.django_db


def refused(event: Event, user: User, quantity: int = 1, now: datetime | None = None) -> Refusal:
    """The refusal of joining, having seen that it left everything as it was."""

    def rows() -> tuple[Any, ...]:
        return (
            Event.objects.values().get(pk=event.pk),
            list(Entry.objects.values()),
            list(Count.objects.values()),
            list(Waitlist.objects.values()),
        )

    before = rows()
    with pytest.raises(Refusal) as refusal:
        join_waitlist(event_id=event.pk, user=user, quantity=quantity, now=now or datetime.now(UTC))
    assert rows() == before
    return refusal.value


# --- Joining ------------------------------------------------------------------------------------


def test_whoever_joins_stands_at_the_end_of_their_tier() -> None:
    event = make_full_event()
    first = make_entry(event, quantity=2)
    second = make_entry(event)
    gold = make_entry(event, tier=Tier.GOLD)
    assert (first.number, first.tier, first.fewest) == (1, Tier.STANDARD, 2)
    assert list(list_line(event_id=event.pk)) == [gold, first, second]
    assert [place_of(entry).position for entry in (gold, first, second)] == [1, 2, 3]
    assert place_of(second).seats_ahead == 3
    assert is_sound(event)


def test_a_standing_counts_with_its_own_organiser_alone() -> None:
    event, user = make_full_event(), make_user()
    Standing.objects.create(organiser=make_event().organiser, user=user, tier=Tier.PREMIUM)
    assert make_entry(event, user).tier == Tier.STANDARD


def test_a_group_for_which_too_few_seats_are_left_may_wait() -> None:
    event = make_event(capacity=3)
    group = make_entry(event, quantity=4)
    assert (status_of(group), free_seats(event)) == ("waiting", 3)


def test_whoever_is_content_with_a_part_is_offered_what_is_left_at_once() -> None:
    event = make_event(capacity=3)
    entry = make_entry(event, quantity=4, part_is_fine=True)
    assert entry.status == Entry.Status.OFFERED
    assert (offered(event), free_seats(event)) == ({1: 3}, 0)
    assert is_sound(event)


def test_nobody_waits_for_seats_that_can_be_booked() -> None:
    event = make_event(capacity=3)
    refusal = refused(event, make_user(), quantity=3)
    assert isinstance(refusal, SeatsAvailable)
    assert refusal.facts == {"available_seats": 3}


def test_nobody_waits_twice() -> None:
    event, user = make_full_event(), make_user()
    make_entry(event, user)
    assert isinstance(refused(event, user), AlreadyWaiting)


def test_nobody_waits_anew_while_seats_are_offered_to_them() -> None:
    event, user = make_full_event(), make_user()
    make_entry(event, user)
    cancel_one(event)
    assert isinstance(refused(event, user), AlreadyWaiting)


def test_nobody_waits_who_has_a_booking() -> None:
    event, user = make_event(capacity=1), make_user()
    make_booking(event, user)
    assert isinstance(refused(event, user), AlreadyBooked)


def test_whoever_may_book_again_may_wait_again() -> None:
    event, user = make_event(capacity=1, repeat_bookings_allowed=True), make_user()
    make_booking(event, user)
    assert make_entry(event, user).status == Entry.Status.WAITING


@pytest.mark.parametrize("quantity", [0, -1, 11])
def test_one_waits_for_as_many_seats_as_a_booking_may_have(quantity: int) -> None:
    assert isinstance(refused(make_full_event(), make_user(), quantity), Invalid)


def test_nobody_waits_for_a_draft() -> None:
    event = make_event(status=Event.Status.DRAFT, available_seats=0)
    assert isinstance(refused(event, make_user()), EventNotFound)


@pytest.mark.parametrize("status", [Event.Status.CANCELLED, Event.Status.COMPLETED])
def test_nobody_waits_for_what_does_not_take_place(status: Event.Status) -> None:
    event = make_full_event()
    Event.objects.filter(pk=event.pk).update(status=status)
    assert isinstance(refused(event, make_user()), EventClosed)


def test_nobody_waits_outside_of_the_sale() -> None:
    now = datetime.now(UTC)
    event = make_full_event()
    for window in (
        {"sales_end_at": now},
        {"sales_end_at": None, "sales_start_at": now + timedelta(1)},
    ):
        Event.objects.filter(pk=event.pk).update(**window)
        assert isinstance(refused(event, make_user(), now=now), EventClosed)


def test_an_unknown_event_has_no_line() -> None:
    with pytest.raises(EventNotFound):
        join_waitlist(event_id=new_id(), user=make_user(), quantity=1, now=datetime.now(UTC))


def test_the_table_itself_allows_one_live_entry_for_each_person() -> None:
    event, user = make_full_event(), make_user()
    entry = make_entry(event, user)
    entry.pk, entry.number = new_id(), 2
    with pytest.raises(IntegrityError, match="one_live_entry"), transaction.atomic():
        entry.save(force_insert=True)


# --- Leaving ------------------------------------------------------------------------------------


def test_whoever_leaves_gives_up_the_place_and_others_move_up() -> None:
    event = make_full_event()
    first, second = make_entry(event), make_entry(event)
    leave_waitlist(event_id=event.pk, user=first.user, now=datetime.now(UTC))
    assert status_of(first) == "left"
    assert place_of(second).position == 1
    assert is_sound(event)


def test_whoever_left_may_come_back_to_the_end() -> None:
    event, user = make_full_event(), make_user()
    make_entry(event, user)
    other = make_entry(event)
    leave_waitlist(event_id=event.pk, user=user, now=datetime.now(UTC))
    again = make_entry(event, user)
    assert (again.number, place_of(again).position, place_of(other).position) == (3, 2, 1)


def test_nobody_leaves_a_line_in_which_they_do_not_stand() -> None:
    event = make_full_event()
    make_entry(event)
    with pytest.raises(EntryNotFound):
        leave_waitlist(event_id=event.pk, user=make_user(), now=datetime.now(UTC))
    assert list_line(event_id=event.pk).count() == 1


# --- Places -------------------------------------------------------------------------------------


def make_long_line(event: Event, number: int) -> None:
    """Many people of all tiers and sizes, with gaps where some have left: written by set."""
    tiers = list(Tier)
    now = datetime.now(UTC)
    entries = [
        Entry(
            event=event,
            user=user,
            number=place * 3 + 1,
            quantity=1 + place % 4,
            fewest=1 + place % 4,
            tier=tiers[place * 7 % 11 % len(tiers)],
            joined_at=now,
        )
        for place, user in enumerate(make_users(number))
    ]
    Entry.objects.bulk_create(entries)
    count_in(entries)
    Waitlist.objects.create(event=event, last_number=number * 3)


def test_places_in_a_long_line_are_those_of_a_naive_recount() -> None:
    """Numbers up to 12 000: more than two levels of 64."""
    event = make_full_event()
    make_long_line(event, 4_000)
    line = list(list_line(event_id=event.pk))
    places = places_of(line)
    found = {pk: (place.people_ahead, place.seats_ahead) for pk, place in places.items()}
    assert found == naive_places(line)
    assert [places[entry.pk].position for entry in line] == list(range(1, 4_001))
    assert is_sound(event)


@pytest.mark.parametrize("number", [1, 63, 64, 65, 4095, 4096, 262_143, 262_144, 300_000])
def test_places_are_right_at_the_edges_of_the_tree(number: int) -> None:
    """Somebody before, at and behind each edge, and in another tier."""
    event = make_full_event()
    now = datetime.now(UTC)
    entries = [
        Entry(event=event, user=person, number=at, quantity=2, fewest=2, tier=tier, joined_at=now)
        for person, at, tier in zip(
            make_users(4),
            (max(0, number - 1), number, number + 1, number + 2),
            (Tier.STANDARD, Tier.STANDARD, Tier.STANDARD, Tier.SILVER),
            strict=True,
        )
    ]
    Entry.objects.bulk_create(entries)
    count_in(entries)
    found = {pk: (p.people_ahead, p.seats_ahead) for pk, p in places_of(entries).items()}
    assert found == naive_places(entries)


@pytest.mark.parametrize("people", [1, 300])
def test_a_place_takes_one_query_however_long_the_line(
    people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    event = make_full_event()
    make_long_line(event, people)
    entries = list(list_line(event_id=event.pk))
    with django_assert_num_queries(1):
        assert place_of(entries[-1]).position == people
    with django_assert_num_queries(1):
        places_of(entries)


def statements_of_joining(people: int) -> int:
    event, user = make_full_event(), make_user()
    make_long_line(event, people)
    with CaptureQueriesContext(connection) as queries:
        make_entry(event, user)
    return len(queries)


def test_joining_takes_as_many_statements_however_long_the_line() -> None:
    assert statements_of_joining(200) == statements_of_joining(1)


def test_one_finds_ones_own_live_entry_and_no_other() -> None:
    event, user = make_full_event(), make_user()
    entry = make_entry(event, user)
    make_entry(event)
    assert find_entry(event_id=event.pk, user=user) == entry
    assert find_entry(event_id=make_event().pk, user=user) is None
    cancel_one(event)
    assert find_entry(event_id=event.pk, user=user) == entry
    assert offer_of(entry).user == user
    leave_waitlist(event_id=event.pk, user=user, now=datetime.now(UTC))
    assert find_entry(event_id=event.pk, user=user) is None
