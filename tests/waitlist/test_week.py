"""Weeks of an over-booked event, on a clock of their own, in which anything happens in any order.

People join, book, cancel, accept, decline and leave; the organiser interferes; jobs run or do not;
and whatever is done may crash between any two statements, at the commit, or before anybody is told
of it. After every step the rules that nobody may break are checked on the rows.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bookings.models import Booking
from bookings.queries import list_holders
from bookings.services import BookingRequest, book, cancel_booking
from evently.accounts.models import User
from evently.errors import Refusal
from events.models import Event
from events.services import edit_event
from tests.makers import make_event, make_user, make_users
from tests.thorough import so_many
from tests.waitlist.people import adds_up, is_counted_right
from waitlist import services
from waitlist.models import Entry, Offer, Tier, Waitlist

PEOPLE = 40
WEEKS = so_many(10, 35)
STEPS_A_WEEK = 60
WEEK = timedelta(days=7)

Row = TypeVar("Row", Booking, Entry, Offer)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]

# Where an operation crashes: before its nth statement, at the commit (0), or just after it (-1).
crashes = st.one_of(st.none(), st.none(), st.integers(-1, 30))
places = st.integers(0, 1_000)
# What people do, the likelier the more often it stands here.
OF_PEOPLE = ["join"] * 5 + ["cancel"] * 4 + ["accept"] * 3 + ["decline", "decline", "book", "leave"]
OF_THE_TEAM = [
    "resize",
    "set_rules",
    "set_rules",
    "move",
    "remove",
    "offer",
    "offer",
    "withdraw",
    "extend",
]
RULES = [
    {"is_paused": True},
    {"is_paused": True},
    {"is_paused": False},
    {"is_paused": False, "gather_minutes": 20},
    {"gather_minutes": 0},
    {"offer_minutes": 15},
]


class Crash(OperationalError):
    """The process is gone, as far as the database can see."""


@contextmanager
def crashing(at: int | None) -> Iterator[None]:
    """Whatever is done in the block crashes there; see `crashes`."""
    if at is None:
        yield
        return
    left = at

    def count(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise Crash
        return execute(*args)

    def crash() -> None:
        connection.run_on_commit.clear()
        raise Crash

    with pytest.MonkeyPatch.context() as patch, connection.execute_wrapper(count):
        if at == 0:
            patch.setattr(connection, "_commit", crash)
        if at == -1:
            patch.setattr(connection, "run_and_clear_commit_hooks", crash)
        yield


class Week(RuleBasedStateMachine):
    """What happens to one event; `people` and `staff` are there before."""

    people: list[User]
    staff: User

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime.now(UTC)
        self.event = make_event(starts_at=self.now + WEEK, capacity=6)
        self.known_offers: set[Any] = set()

    # --- Help -----------------------------------------------------------------------------------

    def try_to(self, do: Callable[..., Any], crash: int | None, **arguments: Any) -> None:
        """A refusal or a crash is no reason to stop; a bug is."""
        with pytest.MonkeyPatch.context() as patch, suppress(Refusal, Crash), crashing(crash):
            patch.setattr(timezone, "now", lambda: self.now)
            do(now=self.now, **arguments)

    def pick(self, rows: "QuerySet[Row]", place: int) -> Row | None:
        """One of the event's rows, or None when there is none."""
        found = list(rows.filter(event=self.event).order_by("pk"))
        return found[place % len(found)] if found else None

    def offers(self) -> list[Offer]:
        return list(Offer.objects.open().filter(event=self.event))

    def line(self) -> list[Entry]:
        """Who stands in line and may be offered seats, in order."""
        waiting = list(Entry.objects.waiting().filter(event=self.event).in_order())
        holders = list_holders([self.event.pk], [entry.user_id for entry in waiting])
        return [entry for entry in waiting if (self.event.pk, entry.user_id) not in holders]

    # --- What is done ---------------------------------------------------------------------------

    @initialize(wishes=st.lists(st.integers(1, 3), min_size=5, max_size=15))
    def begin(self, wishes: list[int]) -> None:
        """The event is sold out, and some people wait."""
        for place in range(6):
            self.book(place, 1, crash=None)
        for place, quantity in enumerate(wishes, start=6):
            self.join(place, quantity, crash=None)

    @rule(act=st.sampled_from(OF_PEOPLE), place=places, quantity=st.integers(1, 4), crash=crashes)
    def people_do(self, act: str, place: int, quantity: int, crash: int | None) -> None:
        getattr(self, act)(place, quantity, crash)

    @rule(act=st.sampled_from(OF_THE_TEAM), place=places, by=st.integers(-3, 4), crash=crashes)
    def the_team_does(self, act: str, place: int, by: int, crash: int | None) -> None:
        getattr(self, act)(place, by, crash)

    @rule(minutes=st.integers(0, 15), job=st.sampled_from(["", "expire", "sweep"]), crash=crashes)
    def time_passes(self, minutes: int, job: str, crash: int | None) -> None:
        self.now += timedelta(minutes=minutes)
        if job == "expire":
            self.try_to(services.expire_offers, crash)
        if job == "sweep":
            self.try_to(services.sweep, crash)

    # --- People ---------------------------------------------------------------------------------

    def join(self, place: int, quantity: int, crash: int | None) -> None:
        self.try_to(
            services.join_waitlist,
            crash,
            event_id=self.event.pk,
            user=self.people[place % PEOPLE],
            quantity=quantity,
            part_is_fine=place % 4 == 0,
        )

    def book(self, place: int, quantity: int, crash: int | None) -> None:
        request = BookingRequest(user_id=self.people[place % PEOPLE].pk, quantity=quantity)
        self.try_to(book, crash, event_id=self.event.pk, request=request)

    def cancel(self, place: int, _: int, crash: int | None) -> None:
        if booking := self.pick(Booking.objects.live(), place):
            self.try_to(cancel_booking, crash, reference=booking.reference, by=booking.user)

    def accept(self, place: int, _: int, crash: int | None) -> None:
        if offer := self.pick(Offer.objects.open(), place):
            self.try_to(services.accept_offer, crash, offer_id=offer.pk, user=offer.user)

    def decline(self, place: int, _: int, crash: int | None) -> None:
        if offer := self.pick(Offer.objects.open(), place):
            self.try_to(services.decline_offer, crash, offer_id=offer.pk, user=offer.user)

    def leave(self, place: int, _: int, crash: int | None) -> None:
        if entry := self.pick(Entry.objects.live(), place):
            self.try_to(services.leave_waitlist, crash, event_id=self.event.pk, user=entry.user)

    # --- The team -------------------------------------------------------------------------------

    def resize(self, _: int, by: int, crash: int | None) -> None:
        row = Event.objects.get(pk=self.event.pk)
        self.try_to(
            edit_event,
            crash,
            event_id=row.pk,
            by=self.staff,
            changes={"capacity": row.capacity + by},
            expected_version=row.version,
        )

    def set_rules(self, place: int, _: int, crash: int | None) -> None:
        self.try_to(
            services.set_rules,
            crash,
            event_id=self.event.pk,
            by=self.staff,
            changes=RULES[place % len(RULES)],
        )

    def move(self, place: int, _: int, crash: int | None) -> None:
        if entry := self.pick(Entry.objects.waiting(), place):
            tier = Tier.values[place % len(Tier)]
            why = {"tier": tier, "reason": "known here"}
            self.try_to(services.move_entry, crash, entry_id=entry.pk, by=self.staff, **why)

    def remove(self, place: int, _: int, crash: int | None) -> None:
        if entry := self.pick(Entry.objects.live(), place):
            why = {"reason": "asked to"}
            self.try_to(services.remove_entry, crash, entry_id=entry.pk, by=self.staff, **why)

    def offer(self, place: int, _: int, crash: int | None) -> None:
        if entry := self.pick(Entry.objects.waiting(), place):
            self.try_to(services.offer_by_hand, crash, entry_id=entry.pk, by=self.staff)

    def withdraw(self, place: int, _: int, crash: int | None) -> None:
        if offer := self.pick(Offer.objects.open(), place):
            self.try_to(services.withdraw_offer, crash, offer_id=offer.pk, by=self.staff)

    def extend(self, place: int, _: int, crash: int | None) -> None:
        if offer := self.pick(Offer.objects.open(), place):
            self.try_to(services.extend_offer, crash, offer_id=offer.pk, by=self.staff, minutes=5)

    # --- The end --------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Nobody is forgotten in the end: one round of jobs, then the event is over."""
        self.now += timedelta(hours=1)
        services.expire_offers(now=self.now)
        services.sweep(now=self.now)
        assert all(offer.expires_at > self.now for offer in self.offers())
        assert not Waitlist.objects.filter(kept_until__lte=self.now).exists()
        self.now = max(self.now, Event.objects.get(pk=self.event.pk).ends_at)
        services.expire_offers(now=self.now)
        services.sweep(now=self.now)
        assert not Entry.objects.live().filter(event=self.event).exists()
        assert not self.offers()
        assert not Waitlist.objects.filter(event=self.event, kept_seats__gt=0).exists()
        assert adds_up(self.event)

    # --- What nobody may break ------------------------------------------------------------------

    @invariant()
    def seats_add_up(self) -> None:
        assert adds_up(self.event)

    @invariant()
    def places_are_counted_right(self) -> None:
        assert is_counted_right(self.event)

    @invariant()
    def nobody_has_two_places_or_two_offers(self) -> None:
        entries = list(Entry.objects.live().filter(event=self.event))
        offers = self.offers()
        assert len({entry.user_id for entry in entries}) == len(entries)
        assert len({offer.user_id for offer in offers}) == len(offers)
        holding = {entry.pk for entry in entries if entry.status == Entry.Status.OFFERED}
        assert holding == {offer.entry_id for offer in offers}

    @invariant()
    def nobody_waits_beside_a_seat(self) -> None:
        row = Event.objects.get(pk=self.event.pk)
        rules = Waitlist.objects.filter(event=row).first()
        if rules is None or rules.is_paused or not row.is_bookable(self.now):
            return
        line = self.line()
        assert all(entry.fewest > row.available_seats for entry in line)
        is_due = rules.kept_until is not None and rules.kept_until <= self.now
        if rules.kept_seats and not is_due:
            waiting = Entry.objects.waiting().filter(event=row).in_order()
            assert waiting[0].fewest > rules.kept_seats + row.available_seats

    @invariant()
    def nobody_is_offered_seats_before_somebody_ahead_who_was_content_with_them(self) -> None:
        made = list(
            Offer.objects.filter(event=self.event)
            .exclude(pk__in=self.known_offers)
            .select_related("entry")
        )
        self.known_offers.update(offer.pk for offer in made)
        assert all(offer.entry.fewest <= offer.seats <= offer.entry.quantity for offer in made)
        dealt = [offer for offer in made if not offer.is_by_hand]
        dealt.sort(key=lambda offer: (-offer.entry.tier, offer.entry.number))
        left = Event.objects.get(pk=self.event.pk).available_seats
        for offer in reversed(dealt):
            left += offer.seats
            ahead = [entry for entry in self.line() if _stands_ahead(entry, offer.entry)]
            assert all(entry.fewest > left for entry in ahead)


def _stands_ahead(one: Entry, other: Entry) -> bool:
    return (-one.tier, one.number) < (-other.tier, other.number)


# Only a failure takes long: Hypothesis then looks for the shortest way to it.
@pytest.mark.timeout(480)
def test_whatever_happens_in_a_week_no_rule_is_broken() -> None:
    Week.people, Week.staff = make_users(PEOPLE), make_user("Sam", is_staff=True)
    run_state_machine_as_test(
        Week,
        settings=settings(
            max_examples=WEEKS,
            stateful_step_count=STEPS_A_WEEK,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
