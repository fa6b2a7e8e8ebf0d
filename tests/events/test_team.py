"""Who may do what in a team: the matrix of roles, work for one event only, and the team itself."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from bookings.errors import BookingNotFound
from bookings.models import Booking
from bookings.queries import get_booking
from bookings.services import cancel_booking
from bookings.services.payments import mark_refunded
from evently.accounts.errors import EmailUnverified
from evently.accounts.models import User
from evently.errors import Forbidden, Invalid, Refusal
from evently.ids import new_id
from events.errors import (
    EventNotFound,
    MemberNotFound,
    OrganiserNotFound,
    TeamNeedsOwner,
)
from events.models import Event, Membership, Organiser, Role
from events.queries import find_own_organiser, list_team, rights_of
from events.roles import CAPABILITIES, Capability
from events.services import (
    change_member,
    create_event,
    edit_event,
    publish_event,
    remove_member,
    rename_organiser,
)
from tests import makers
from tests.harness import at_once, kinds, let_one_wait_for_the_other
from tests.makers import make_booking, make_event, make_organiser, make_user, mark_paid

NOW = datetime.now(UTC)
Can = Capability

pytestmark = pytest.mark.django_db


@pytest.fixture
def organiser() -> Organiser:
    return make_organiser()


def member(organiser: Organiser, role: Role, only_event: Event | None = None) -> User:
    user = make_user(role.value)
    makers.add_member(organiser, user, role, only_event)
    return user


def is_done(use_case: Callable[..., object], **kwargs: Any) -> bool:
    """Whether it is done; a refusal must be one of rights."""
    try:
        return bool(use_case(**kwargs))
    except (Forbidden, EventNotFound, BookingNotFound, OrganiserNotFound):
        return False


# --- The matrix -----------------------------------------------------------------------------------


def see_bookings(event: Event, by: User) -> bool:
    seen = Event.objects.of_team(by).filter(pk=event.pk)
    return seen.exists() and Booking.objects.of_team(by).filter(event=event).exists()


def see_in_full(event: Event, by: User) -> bool:
    return is_done(get_booking, reference=event.bookings.get().reference, user=by)


def refund(event: Event, by: User) -> bool:
    booking = event.bookings.get()
    mark_paid(booking)
    cancel_booking(reference=booking.reference, by=booking.user, now=NOW)
    return mark_refunded(booking_ids=[booking.pk], by=by) == 1


def cancel(event: Event, by: User) -> bool:
    return is_done(cancel_booking, reference=event.bookings.get().reference, by=by, now=NOW)


def edit(event: Event, by: User) -> bool:
    changes = {"name": f"Changed by {by}"}
    version = Event.objects.get(pk=event.pk).version
    return is_done(
        edit_event, event_id=event.pk, by=by, changes=changes, expected_version=version, now=NOW
    )


def rename(event: Event, by: User) -> bool:
    return is_done(rename_organiser, organiser_id=event.organiser_id, name="Renamed", by=by)


DEEDS = {
    Can.SEE_BOOKINGS: see_bookings,
    Can.SEE_CONTACTS: see_in_full,
    Can.SEE_MONEY: see_in_full,
    Can.HANDLE_MONEY: refund,
    Can.CANCEL_BOOKINGS: cancel,
    Can.EDIT_EVENTS: edit,
    Can.MANAGE_TEAM: rename,
}
MATRIX = list(product(Role, Capability))


@pytest.mark.parametrize(("role", "capability"), MATRIX)
def test_each_role_does_what_it_may_and_nothing_else(
    organiser: Organiser, role: Role, capability: Capability
) -> None:
    event, by = make_event(organiser), member(organiser, role)
    make_booking(event)
    may = capability in CAPABILITIES[role]
    assert DEEDS[capability](event, by) == may
    rights = rights_of(by)
    assert rights.may(capability, event) == may
    assert rights.may_in_team(capability, organiser.pk) == may
    assert Event.objects.of_team(by, capability).exists() == may
    assert Booking.objects.of_team(by, capability).exists() == may
    assert Organiser.objects.of(by, capability).exists() == may


@pytest.mark.parametrize("capability", Capability)
def test_staff_do_everything(organiser: Organiser, capability: Capability) -> None:
    event, staff = make_event(organiser), make_user("staff", is_staff=True)
    make_booking(event)
    assert DEEDS[capability](event, staff)
    assert rights_of(staff).may(capability, event)
    assert rights_of(staff).may_in_team(capability, organiser.pk)


@pytest.mark.parametrize("capability", Capability)
def test_an_owner_does_nothing_in_another_team(
    organiser: Organiser, capability: Capability
) -> None:
    event, foreigner = make_event(organiser), member(make_organiser(), Role.OWNER)
    make_booking(event)
    assert not DEEDS[capability](event, foreigner)
    rights = rights_of(foreigner)
    assert not rights.may(capability, event)
    assert not rights.may_in_team(capability, organiser.pk)
    assert not Event.objects.of_team(foreigner, capability).exists()
    assert not Booking.objects.of_team(foreigner, capability).exists()


# What the roles are for, said once more in words: the matrix above is generated from the code.
def test_the_door_sees_no_money_finance_changes_no_event_and_only_owners_manage() -> None:
    may = CAPABILITIES
    assert may[Role.DOOR] == {Can.SEE_BOOKINGS}
    assert may[Role.FINANCE] == {
        Can.SEE_BOOKINGS,
        Can.SEE_CONTACTS,
        Can.SEE_MONEY,
        Can.HANDLE_MONEY,
    }
    assert [role for role in Role if Can.MANAGE_TEAM in may[role]] == [Role.OWNER]
    assert [role for role in Role if Can.EDIT_EVENTS in may[role]] == [Role.OWNER, Role.MANAGER]


def test_rights_are_read_in_one_query(
    organiser: Organiser, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    events, by = [make_event(organiser) for _ in range(3)], member(organiser, Role.MANAGER)
    makers.add_member(make_organiser(), by, Role.VIEWER)
    with django_assert_num_queries(1):
        rights = rights_of(by)
        assert all(rights.may(Can.EDIT_EVENTS, event) for event in events)


# --- One event only -------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "capability"), [pair for pair in MATRIX if pair[0] != Role.OWNER])
def test_who_works_for_one_event_does_it_there_and_nowhere_else(
    organiser: Organiser, role: Role, capability: Capability
) -> None:
    own, other = make_event(organiser), make_event(organiser)
    by, may = member(organiser, role, own), capability in CAPABILITIES[role]
    booking = make_booking(own)
    make_booking(other)
    rights = rights_of(by)
    assert list(Event.objects.of_team(by, capability)) == [own] * may
    assert list(Booking.objects.of_team(by, capability)) == [booking] * may
    assert (rights.may(capability, own), rights.may(capability, other)) == (may, False)
    assert rights.may_somewhere(capability) == may
    assert not rights.may_in_team(capability, organiser.pk)
    assert not rights.may_in_some_team(capability)
    assert not Organiser.objects.of(by, capability).exists()
    assert DEEDS[capability](own, by) == (may and capability != Can.MANAGE_TEAM)
    assert not DEEDS[capability](other, by)


def test_who_works_for_one_event_sees_no_other_draft(organiser: Organiser) -> None:
    own, other = (make_event(organiser, status="draft") for _ in range(2))
    by = member(organiser, Role.MANAGER, own)
    assert list(Event.objects.visible_to(by)) == [own]
    assert list(Event.objects.editable_by(by)) == [own]
    assert publish_event(event_id=own.pk, by=by, now=NOW).status == "published"
    with pytest.raises(EventNotFound):
        publish_event(event_id=other.pk, by=by, now=NOW)


def test_who_works_for_one_event_adds_none(organiser: Organiser) -> None:
    event = make_event(organiser)
    by = member(organiser, Role.MANAGER, event)
    details = {"name": "New", "starts_at": event.starts_at, "ends_at": event.ends_at, "capacity": 1}
    assert find_own_organiser(user=by) is None
    with pytest.raises(Forbidden):
        create_event(organiser_id=organiser.pk, by=by, details=details, now=NOW)
    assert list(Event.objects.all()) == [event]
    assert rights_of(by).belongs_to(organiser.pk)
    assert list(Organiser.objects.of(by)) == [organiser]


def test_the_whole_team_of_one_organiser_and_one_event_of_another() -> None:
    mine, theirs = make_organiser(), make_organiser()
    by, one = member(mine, Role.MANAGER), make_event(theirs)
    makers.add_member(theirs, by, Role.FINANCE, one)
    own = make_event(mine)
    make_event(theirs)
    assert set(Event.objects.of_team(by)) == {own, one}
    assert list(Event.objects.editable_by(by)) == [own]
    assert set(Event.objects.of_team(by, Can.HANDLE_MONEY)) == {own, one}
    assert find_own_organiser(user=by) == mine


def test_an_owner_is_never_limited_to_one_event(organiser: Organiser) -> None:
    event = make_event(organiser)
    with pytest.raises(IntegrityError), transaction.atomic():
        makers.add_member(organiser, make_user(), Role.OWNER, event)
    assert not Membership.objects.exists()


@pytest.mark.parametrize(("role", "own"), [(Role.OWNER, True), (Role.VIEWER, False)])
def test_a_form_is_told_which_only_event_cannot_be(
    organiser: Organiser, role: Role, own: bool
) -> None:
    event = make_event(organiser if own else make_organiser())
    with pytest.raises(ValidationError) as refusal:
        Membership(organiser=organiser, user=make_user(), role=role, only_event=event).clean()
    assert list(refusal.value.message_dict) == ["only_event"]


# --- The team itself ------------------------------------------------------------------------------


@pytest.fixture
def owner(organiser: Organiser) -> User:
    return member(organiser, Role.OWNER)


def team(organiser: Organiser) -> dict[str, tuple[str, str | None]]:
    return {
        row.user.email: (row.role, row.only_event.name if row.only_event else None)
        for row in list_team(organiser_id=organiser.pk)
    }


def refusal_of(organiser: Organiser, use_case: Callable[..., object], /, **kwargs: Any) -> Refusal:
    """Why the use case refuses, having seen that the team stayed as it was."""
    before = team(organiser)
    with pytest.raises(Refusal) as refusal:
        use_case(**kwargs)
    assert team(organiser) == before
    return refusal.value


def test_a_member_is_changed_and_taken_out(organiser: Organiser, owner: User) -> None:
    event, ada = make_event(organiser, name="Late Jazz"), make_user("Ada", email="ada@example.com")
    added = makers.add_member(organiser, ada, Role.DOOR, event)
    assert team(organiser)[ada.email] == ("door", "Late Jazz")
    change_member(member_id=added.pk, role=Role.OWNER, only_event_id=None, by=owner)
    assert team(organiser)[ada.email] == ("owner", None)
    remove_member(member_id=added.pk, by=owner)
    assert list(team(organiser)) == [owner.email]


@pytest.mark.parametrize("only_event", ["of others", "unknown"])
def test_the_only_event_is_one_of_the_organisers(
    organiser: Organiser, owner: User, only_event: str
) -> None:
    event_id = make_event().pk if only_event == "of others" else new_id()
    viewer = makers.add_member(organiser, make_user(), Role.VIEWER)
    refusal = refusal_of(
        organiser,
        change_member,
        member_id=viewer.pk,
        role=Role.VIEWER,
        only_event_id=event_id,
        by=owner,
    )
    assert isinstance(refusal, Invalid)
    assert list(refusal.errors) == ["only_event"]


@pytest.mark.parametrize("capability", Capability)
def test_a_role_counts_for_nothing_while_the_address_is_not_verified(
    organiser: Organiser, capability: Capability
) -> None:
    """As it stands in a database from before addresses had to be verified."""
    event, by = make_event(organiser, status="draft"), make_user(verified=False)
    makers.add_member(organiser, by, Role.OWNER)
    rights = rights_of(by)
    assert not rights.may(capability, event)
    assert not rights.may_in_team(capability, organiser.pk)
    assert not Event.objects.of_team(by, capability).exists()
    assert not Organiser.objects.of(by).exists()
    assert not Event.objects.visible_to(by).exists()
    with pytest.raises(EmailUnverified):
        rename_organiser(organiser_id=organiser.pk, name="Mine", by=by)


def test_an_owner_of_one_event_is_refused_in_words(organiser: Organiser, owner: User) -> None:
    kept = organiser.memberships.get()
    refusal = refusal_of(
        organiser,
        change_member,
        member_id=kept.pk,
        role=Role.OWNER,
        only_event_id=make_event(organiser).pk,
        by=owner,
    )
    assert isinstance(refusal, Invalid)
    assert list(refusal.errors) == ["only_event"]


def test_the_last_owner_stays_one(organiser: Organiser, owner: User) -> None:
    last = organiser.memberships.get()
    calls: list[tuple[Callable[..., object], dict[str, Any]]] = [
        (change_member, {"role": Role.MANAGER, "only_event_id": None}),
        (remove_member, {}),
    ]
    for use_case, values in calls:
        refusal = refusal_of(organiser, use_case, member_id=last.pk, by=owner, **values)
        assert isinstance(refusal, TeamNeedsOwner)


def test_one_of_two_owners_may_go(organiser: Organiser, owner: User) -> None:
    other = member(organiser, Role.OWNER)
    remove_member(member_id=organiser.memberships.get(user=owner).pk, by=owner)
    assert team(organiser) == {other.email: ("owner", None)}


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_step_down_at_once_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.harness.DECIDED", ("events.services.team.record_member",))
    let_one_wait_for_the_other(monkeypatch)
    organiser = make_organiser()
    people = [member(organiser, Role.OWNER) for _ in range(2)]
    rows = {user: organiser.memberships.get(user=user).pk for user in people}

    def step_down(user: User) -> Membership:
        return change_member(member_id=rows[user], role=Role.VIEWER, only_event_id=None, by=user)

    outcomes = at_once(*[lambda user=user: step_down(user) for user in people])
    assert kinds(outcomes) == ["Membership", "TeamNeedsOwner"]
    assert organiser.memberships.filter(role=Role.OWNER).count() == 1


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OWNER])
def test_only_owners_manage_the_team(organiser: Organiser, owner: User, role: Role) -> None:
    by, kept = member(organiser, role), organiser.memberships.get(user=owner)
    calls: list[tuple[Callable[..., object], dict[str, Any]]] = [
        (change_member, {"member_id": kept.pk}),
        (remove_member, {"member_id": kept.pk}),
        (rename_organiser, {"organiser_id": organiser.pk, "name": "Mine"}),
    ]
    place = {"role": Role.VIEWER, "only_event_id": None}
    for use_case, values in calls:
        more = place if use_case is change_member else {}
        refusal = refusal_of(organiser, use_case, by=by, **values, **more)
        assert isinstance(refusal, Forbidden)
    organiser.refresh_from_db()
    assert organiser.name == "Blue Note"


def test_a_stranger_finds_no_team(organiser: Organiser, owner: User) -> None:
    stranger, kept = member(make_organiser(), Role.OWNER), organiser.memberships.get()
    assert isinstance(
        refusal_of(organiser, remove_member, member_id=kept.pk, by=stranger), MemberNotFound
    )
    renamed = {"organiser_id": organiser.pk, "name": "Mine", "by": stranger}
    assert isinstance(refusal_of(organiser, rename_organiser, **renamed), OrganiserNotFound)
    with pytest.raises(MemberNotFound):
        remove_member(member_id=new_id(), by=owner)


def test_the_founder_renames_the_team(organiser: Organiser, owner: User) -> None:
    rename_organiser(organiser_id=organiser.pk, name="Red Note", by=owner)
    organiser.refresh_from_db()
    assert organiser.name == "Red Note"
