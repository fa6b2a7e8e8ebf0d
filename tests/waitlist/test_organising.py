"""What an organiser does with a line, who may, and what the history keeps of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bookings.errors import SoldOut
from evently.accounts.models import User
from evently.accounts.personal_data import erase_account, foretell_erasure, stream_personal_data
from evently.errors import Forbidden, Invalid, NotFound
from evently.history.models import Change
from evently.ids import new_id
from events.errors import EventClosed
from events.models import Event, Role
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user
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
from waitlist.errors import NotInLine, OfferPassed, PersonNotFound
from waitlist.models import Entry, Offer, Standing, Tier, Waitlist
from waitlist.queries import list_line
from waitlist.services import (
    accept_offer,
    extend_offer,
    leave_waitlist,
    move_entry,
    offer_by_hand,
    process_waitlist,
    remove_entry,
    set_rules,
    set_standing,
    withdraw_offer,
)

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Team:
    """A full event of three seats, its owner, and a colleague who looks on."""

    event: Event
    owner: User
    viewer: User


@pytest.fixture
def team() -> Team:
    owner, viewer = make_user("Olga"), make_user("Vera")
    organiser = make_organiser(owner)
    add_member(organiser, viewer, Role.VIEWER)
    return Team(make_full_event(organiser, capacity=3), owner, viewer)


def now() -> datetime:
    return datetime.now(UTC)


def history() -> list[tuple[str, str, Any, Any]]:
    """What was kept, oldest first: label, field, before and after."""
    rows = Change.objects.filter(subject__in=("waitlist", "entry", "standing"))
    return list(rows.order_by("at", "pk").values_list("label", "field", "before", "after"))


# --- Who may ------------------------------------------------------------------------------------


def acts(event: Event) -> dict[str, Callable[[User], Any]]:
    """Every act of an organiser, ready to be tried by anybody: the first in line has an offer, and
    a seat is kept for the second."""
    first, second = make_entry(event), make_entry(event)
    cancel_one(event)
    offer = offer_of(first)
    set_line(event, is_paused=True)
    cancel_one(event)
    return {
        "rules": lambda by: set_rules(
            event_id=event.pk, by=by, changes={"is_paused": False}, now=now()
        ),
        "process": lambda by: process_waitlist(event_id=event.pk, by=by, now=now()),
        "offer": lambda by: offer_by_hand(entry_id=second.pk, by=by, now=now()),
        "withdraw": lambda by: withdraw_offer(offer_id=offer.pk, by=by, now=now()),
        "extend": lambda by: extend_offer(offer_id=offer.pk, by=by, minutes=5, now=now()),
        "move": lambda by: move_entry(
            entry_id=second.pk, by=by, tier=Tier.GOLD, reason="A friend", now=now()
        ),
        "remove": lambda by: remove_entry(
            entry_id=second.pk, by=by, reason="Asked for it", now=now()
        ),
        "standing": lambda by: set_standing(
            organiser_id=event.organiser_id,
            user_id=second.user_id,
            tier=Tier.GOLD,
            reason="A friend",
            by=by,
            now=now(),
        ),
    }


def rows_of(event: Event) -> list[Any]:
    models = (Entry, Offer, Waitlist, Standing, Change)
    return [list(model.objects.order_by("pk").values()) for model in models] + [
        Event.objects.values().get(pk=event.pk)
    ]


@pytest.mark.parametrize(
    "act", ["rules", "process", "offer", "withdraw", "extend", "move", "remove", "standing"]
)
def test_an_editor_may_and_others_may_not(act: str, team: Team) -> None:
    do = acts(team.event)[act]
    before = rows_of(team.event)
    with pytest.raises(Forbidden):
        do(team.viewer)
    with pytest.raises(Forbidden if act in {"rules", "process"} else NotFound):
        do(make_user("Sue"))
    assert rows_of(team.event) == before
    do(team.owner)
    assert (rows_of(team.event) != before) == (act != "process")


@pytest.mark.parametrize(
    "act",
    [
        lambda by: offer_by_hand(entry_id=new_id(), by=by, now=now()),
        lambda by: remove_entry(entry_id=new_id(), by=by, reason="x", now=now()),
        lambda by: withdraw_offer(offer_id=new_id(), by=by, now=now()),
        lambda by: set_rules(event_id=new_id(), by=by, changes={}, now=now()),
    ],
)
def test_what_is_not_there_cannot_be_changed(act: Callable[[User], Any], team: Team) -> None:
    with pytest.raises(NotFound):
        act(team.owner)


# --- Rules --------------------------------------------------------------------------------------


def test_a_line_that_goes_on_is_offered_what_was_kept_for_it(team: Team) -> None:
    entry = make_entry(team.event)
    set_rules(event_id=team.event.pk, by=team.owner, changes={"is_paused": True}, now=now())
    cancel_one(team.event)
    assert (status_of(entry), kept_seats(team.event)) == ("waiting", 1)
    line = set_rules(event_id=team.event.pk, by=team.owner, changes={"is_paused": False}, now=now())
    assert (line.is_paused, line.kept_seats) == (False, 0)
    assert status_of(entry) == "offered"
    assert history() == [
        (team.event.name, "is_paused", False, True),
        (team.event.name, "is_paused", True, False),
    ]
    assert is_sound(team.event)


def test_what_was_kept_and_fits_nobody_is_public_when_the_line_goes_on(team: Team) -> None:
    make_entry(team.event, quantity=2)
    set_line(team.event, is_paused=True)
    cancel_one(team.event)
    set_rules(event_id=team.event.pk, by=team.owner, changes={"is_paused": False}, now=now())
    assert (free_seats(team.event), kept_seats(team.event)) == (1, 0)


def test_what_was_kept_is_gathered_from_then_on_if_the_organiser_wants_so(team: Team) -> None:
    make_entry(team.event, quantity=2)
    set_line(team.event, is_paused=True)
    cancel_one(team.event)
    at = now()
    changes = {"is_paused": False, "gather_minutes": 15}
    line = set_rules(event_id=team.event.pk, by=team.owner, changes=changes, now=at)
    assert (line.kept_seats, line.kept_until) == (1, at + timedelta(minutes=15))


def test_gathered_seats_are_public_when_nothing_is_to_be_gathered_any_more(team: Team) -> None:
    make_entry(team.event, quantity=2)
    set_line(team.event, gather_minutes=15)
    cancel_one(team.event)
    assert kept_seats(team.event) == 1
    set_rules(event_id=team.event.pk, by=team.owner, changes={"gather_minutes": 0}, now=now())
    assert (free_seats(team.event), kept_seats(team.event)) == (1, 0)


@pytest.mark.parametrize(
    "changes", [{"offer_minutes": 9}, {"offer_minutes": 10_081}, {"gather_minutes": -1}]
)
def test_rules_that_make_no_sense_are_refused(changes: dict[str, int], team: Team) -> None:
    with pytest.raises(Invalid) as refusal:
        set_rules(event_id=team.event.pk, by=team.owner, changes=changes, now=now())
    assert refusal.value.errors.keys() == changes.keys()
    assert not Waitlist.objects.exists()


def test_a_rule_that_stays_as_it_is_leaves_no_trace(team: Team) -> None:
    set_rules(event_id=team.event.pk, by=team.owner, changes={"offer_minutes": 1440}, now=now())
    assert history() == []


# --- Offers by hand -----------------------------------------------------------------------------


def test_an_offer_by_hand_takes_kept_seats_first_and_then_public_ones(team: Team) -> None:
    make_entry(team.event, quantity=3)
    chosen = make_entry(team.event, quantity=2)
    cancel_one(team.event)
    set_line(team.event, is_paused=True)
    cancel_one(team.event)
    assert (free_seats(team.event), kept_seats(team.event)) == (1, 1)
    offer = offer_by_hand(entry_id=chosen.pk, by=team.owner, now=now())
    assert (offer.seats, offer.is_by_hand) == (2, True)
    assert (free_seats(team.event), kept_seats(team.event)) == (0, 0)
    assert history() == [("#2", "status", "waiting", "offered")]
    assert is_sound(team.event)


def test_an_offer_by_hand_needs_seats(team: Team) -> None:
    entry = make_entry(team.event)
    with pytest.raises(SoldOut):
        offer_by_hand(entry_id=entry.pk, by=team.owner, now=now())
    assert (status_of(entry), history()) == ("waiting", [])


def test_an_offer_by_hand_is_for_somebody_in_line(team: Team) -> None:
    first = make_entry(team.event)
    cancel_one(team.event)
    with pytest.raises(NotInLine) as refusal:
        offer_by_hand(entry_id=first.pk, by=team.owner, now=now())
    assert refusal.value.facts == {"entry_status": "offered"}


def test_nobody_is_offered_a_second_booking_by_hand(team: Team) -> None:
    entry = make_entry(team.event)
    set_line(team.event, is_paused=True)
    cancel_one(team.event)
    booking = team.event.bookings.filter(status="confirmed").first()
    assert booking
    team.event.bookings.filter(pk=booking.pk).update(user=entry.user)
    with pytest.raises(NotInLine):
        offer_by_hand(entry_id=entry.pk, by=team.owner, now=now())


def test_nothing_is_offered_by_hand_when_the_sale_is_over(team: Team) -> None:
    entry = make_entry(team.event)
    set_line(team.event, is_paused=True)
    cancel_one(team.event)
    Event.objects.filter(pk=team.event.pk).update(sales_end_at=now())
    with pytest.raises(EventClosed):
        offer_by_hand(entry_id=entry.pk, by=team.owner, now=now())


def test_a_withdrawn_offer_puts_its_person_back_where_they_stood(team: Team) -> None:
    first, second = make_entry(team.event), make_entry(team.event)
    cancel_one(team.event)
    offer = offer_of(first)
    set_line(team.event, is_paused=True)
    withdraw_offer(offer_id=offer.pk, by=team.owner, now=now())
    offer.refresh_from_db()
    assert offer.status == "withdrawn"
    assert list(list_line(event_id=team.event.pk)) == [first, second]
    assert kept_seats(team.event) == 1
    assert history() == [("#1", "status", "offered", "waiting")]
    assert is_sound(team.event)
    with pytest.raises(OfferPassed):
        accept_offer(offer_id=offer.pk, user=offer.user, now=now())


def test_the_seats_of_a_withdrawn_offer_go_to_the_first_in_line(team: Team) -> None:
    make_entry(team.event, quantity=2)
    behind = make_entry(team.event)
    cancel_one(team.event)
    gold = make_entry(team.event, tier=Tier.GOLD)
    withdraw_offer(offer_id=offer_of(behind).pk, by=team.owner, now=now())
    assert (status_of(gold), status_of(behind)) == ("offered", "waiting")
    assert is_sound(team.event)


def test_an_offer_is_extended_but_not_beyond_the_sale(team: Team) -> None:
    entry = make_entry(team.event)
    cancel_one(team.event)
    offer = offer_of(entry)
    longer = extend_offer(offer_id=offer.pk, by=team.owner, minutes=20, now=now())
    assert longer.expires_at - offer.expires_at == timedelta(minutes=20)
    sale_ends = longer.expires_at + timedelta(minutes=1)
    Event.objects.filter(pk=team.event.pk).update(sales_end_at=sale_ends)
    assert extend_offer(offer_id=offer.pk, by=team.owner, minutes=20, now=now()).expires_at == (
        sale_ends
    )
    assert [field for _, field, _, _ in history()] == ["expires_at", "expires_at"]


def test_an_offer_whose_time_is_over_is_not_extended(team: Team) -> None:
    entry = make_entry(team.event)
    cancel_one(team.event)
    offer = offer_of(entry)
    with pytest.raises(OfferPassed):
        extend_offer(offer_id=offer.pk, by=team.owner, minutes=5, now=offer.expires_at)
    with pytest.raises(Invalid):
        extend_offer(offer_id=offer.pk, by=team.owner, minutes=0, now=now())


def test_processing_lets_late_offers_pass_and_says_how_many_were_made(team: Team) -> None:
    first = make_entry(team.event)
    make_entry(team.event)
    cancel_one(team.event)
    late = offer_of(first).expires_at
    assert process_waitlist(event_id=team.event.pk, by=team.owner, now=late) == 1
    assert offered(team.event) == {2: 1}
    assert process_waitlist(event_id=team.event.pk, by=team.owner, now=now()) == 0


# --- People in line -----------------------------------------------------------------------------


def test_somebody_who_is_moved_stands_by_when_they_joined_and_the_reason_is_kept(
    team: Team,
) -> None:
    first, second = make_entry(team.event, tier=Tier.GOLD), make_entry(team.event)
    third = make_entry(team.event, tier=Tier.GOLD)
    move_entry(
        entry_id=second.pk, by=team.owner, tier=Tier.GOLD, reason="Broken seat last time", now=now()
    )
    assert list(list_line(event_id=team.event.pk)) == [first, second, third]
    assert history() == [
        ("#2", "tier", 100, 150),
        ("#2", "reason", None, "Broken seat last time"),
    ]
    assert is_sound(team.event)


def test_whoever_is_moved_to_the_head_gets_what_is_gathered_if_it_is_enough(team: Team) -> None:
    make_entry(team.event, quantity=2)
    set_line(team.event, gather_minutes=15)
    cancel_one(team.event)
    single = make_entry(team.event)
    assert status_of(single) == "waiting"
    moved = move_entry(entry_id=single.pk, by=team.owner, tier=Tier.GOLD, reason="x", now=now())
    assert moved.status == "offered"
    assert is_sound(team.event)


def test_somebody_who_is_removed_loses_place_and_offer_and_the_seats_go_on(team: Team) -> None:
    first, second = make_entry(team.event), make_entry(team.event)
    cancel_one(team.event)
    offer = offer_of(first)
    remove_entry(entry_id=first.pk, by=team.owner, reason="Asked for it", now=now())
    offer.refresh_from_db()
    assert (status_of(first), offer.status, status_of(second)) == (
        "removed", "withdrawn", "offered"
    )  # fmt: skip
    assert history() == [
        ("#1", "status", "offered", "removed"),
        ("#1", "reason", None, "Asked for it"),
    ]
    assert is_sound(team.event)
    with pytest.raises(NotInLine):
        remove_entry(entry_id=first.pk, by=team.owner, reason="Again", now=now())


@pytest.mark.parametrize("reason", ["", "  "])
def test_nobody_is_moved_or_removed_without_a_reason(reason: str, team: Team) -> None:
    entry = make_entry(team.event)
    with pytest.raises(Invalid):
        move_entry(entry_id=entry.pk, by=team.owner, tier=Tier.NEW, reason=reason, now=now())
    with pytest.raises(Invalid):
        remove_entry(entry_id=entry.pk, by=team.owner, reason=reason, now=now())
    assert (status_of(entry), history()) == ("waiting", [])


# --- Standing -----------------------------------------------------------------------------------


def give_standing(team: Team, user: User, tier: Tier, by: User | None = None) -> Standing:
    return set_standing(
        organiser_id=team.event.organiser_id,
        user_id=user.pk,
        tier=tier,
        reason="A friend of the house",
        by=by or team.owner,
        now=now(),
    )


def test_a_standing_counts_from_the_next_joining_on_and_its_reason_is_kept(team: Team) -> None:
    user = make_user()
    entry = make_entry(team.event, user)
    give_standing(team, user, Tier.PREMIUM)
    give_standing(team, user, Tier.GOLD)
    assert Entry.objects.get(pk=entry.pk).tier == Tier.STANDARD
    leave_waitlist(event_id=team.event.pk, user=user, now=now())
    assert make_entry(team.event, user).tier == Tier.GOLD
    assert [(field, before, after) for _, field, before, after in history()] == [
        ("tier", None, 200),
        ("reason", None, "A friend of the house"),
        ("tier", 200, 150),
        ("reason", None, "A friend of the house"),
    ]


def test_whoever_has_booked_is_known_and_a_stranger_is_not(team: Team) -> None:
    guest = make_user()
    make_booking(make_event(team.event.organiser), guest)
    assert give_standing(team, guest, Tier.SILVER).tier == Tier.SILVER
    with pytest.raises(PersonNotFound):
        give_standing(team, make_user(), Tier.SILVER)


# --- Personal data ------------------------------------------------------------------------------


def test_a_person_gets_their_places_and_offers_with_the_rest(team: Team) -> None:
    user = make_user()
    make_entry(team.event, user)
    cancel_one(team.event)
    told = "".join(stream_personal_data(user))
    assert '"waitlists": [{"event": "Late Jazz"' in told
    assert '"status": "offered"' in told
    assert '"unit_price": "20.00"' in told


@pytest.mark.django_db(transaction=True)
def test_an_erased_person_leaves_every_line_and_the_history_forgets_the_name(team: Team) -> None:
    user = make_user()
    entry, behind = make_entry(team.event, user), make_entry(team.event)
    give_standing(team, user, Tier.GOLD)
    cancel_one(team.event)
    assert "You leave the waitlist that you are on." in foretell_erasure(user, now=now())
    address = user.email
    erase_account(user=user, now=now())
    assert (status_of(entry), status_of(behind)) == ("left", "offered")
    assert not Standing.objects.exists()
    assert not Change.objects.filter(label=address).exists()
    assert is_sound(team.event)
