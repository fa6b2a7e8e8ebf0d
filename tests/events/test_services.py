"""The use cases of organisers and events, and who may use them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.services import cancel_booking
from evently.accounts.models import User
from evently.errors import Forbidden, Invalid, Refusal
from evently.ids import new_id
from events.errors import (
    CapacityBelowTaken,
    EventClosed,
    EventNotEmpty,
    EventNotFound,
    OrganiserNotFound,
    StaleEvent,
    WrongStatus,
)
from events.models import MAX_CAPACITY, Event, Membership, Organiser, Role
from events.services import (
    cancel_event,
    complete_ended_events,
    create_event,
    create_organiser,
    delete_event,
    edit_event,
    publish_event,
)
from tests.harness import is_sound
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user

NOW = datetime.now(UTC)
Team = dict[str, User]

pytestmark = pytest.mark.django_db


@pytest.fixture
def organiser() -> Organiser:
    return make_organiser()


@pytest.fixture
def team(organiser: Organiser) -> Team:
    """One person in each role, staff, and a stranger who owns another team."""
    people = {role.value: make_user(role.value) for role in Role}
    for role in Role:
        add_member(organiser, people[role.value], role)
    stranger = make_user("stranger")
    make_organiser(stranger)
    return people | {"staff": make_user("staff", is_staff=True), "stranger": stranger}


def details(**more: Any) -> dict[str, Any]:
    starts_at = NOW + timedelta(days=30)
    return {
        "name": "Late Jazz",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=2),
        "timezone": "Europe/Berlin",
        "capacity": 50,
        "price": Decimal("20.00"),
        "currency": "EUR",
    } | more


def edit(event: Event, by: User, version: int | None = None, **changes: Any) -> Event:
    expected = event.version if version is None else version
    return edit_event(event_id=event.pk, by=by, changes=changes, expected_version=expected, now=NOW)


def refusal_of(event: Event, use_case: Any, *args: Any, **kwargs: Any) -> Refusal:
    """Why the use case refuses, having seen that the event stayed as it was."""
    before = Event.objects.values().get(pk=event.pk)
    with pytest.raises(Refusal) as refusal:
        use_case(*args, **kwargs)
    assert Event.objects.values().get(pk=event.pk) == before
    return refusal.value


# --- Organisers ---------------------------------------------------------------------------------


def test_whoever_founds_an_organiser_owns_it() -> None:
    founder = make_user()
    organiser = create_organiser(name="Blue Note", by=founder)
    member = Membership.objects.get()
    assert (member.organiser, member.user, member.role) == (organiser, founder, "owner")


# --- Creating -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["owner", "manager", "staff"])
def test_a_new_event_is_a_draft_with_all_its_seats_free(
    organiser: Organiser, team: Team, role: str
) -> None:
    event = create_event(organiser_id=organiser.pk, by=team[role], details=details(), now=NOW)
    event.refresh_from_db()
    assert (event.status, event.capacity, event.available_seats) == ("draft", 50, 50)
    assert event.organiser == organiser


def test_an_event_may_be_on_sale_from_the_beginning(organiser: Organiser, team: Team) -> None:
    values = details(status="published")
    event = create_event(organiser_id=organiser.pk, by=team["owner"], details=values, now=NOW)
    assert event.is_bookable(NOW)


@pytest.mark.parametrize(
    ("role", "error"), [("viewer", Forbidden), ("stranger", OrganiserNotFound)]
)
def test_others_may_not_add_events(
    organiser: Organiser, team: Team, role: str, error: type[Refusal]
) -> None:
    with pytest.raises(error):
        create_event(organiser_id=organiser.pk, by=team[role], details=details(), now=NOW)
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("capacity", 0),
        ("capacity", MAX_CAPACITY + 1),
        ("price", Decimal(-1)),
        ("currency", "XXQ"),
        ("timezone", "Berlin"),
        ("ends_at", NOW + timedelta(days=29)),
        ("max_per_booking", 0),
    ],
)
def test_an_event_with_a_value_that_cannot_be_is_refused(
    organiser: Organiser, team: Team, field: str, value: object
) -> None:
    with pytest.raises(Invalid) as refusal:
        create_event(
            organiser_id=organiser.pk, by=team["owner"], details=details(**{field: value}), now=NOW
        )
    assert list(refusal.value.errors) == [field]
    assert not Event.objects.exists()


def test_an_event_cannot_be_over_before_it_is_made(organiser: Organiser, team: Team) -> None:
    past = details(starts_at=NOW - timedelta(hours=2), ends_at=NOW)
    with pytest.raises(Invalid) as refusal:
        create_event(organiser_id=organiser.pk, by=team["owner"], details=past, now=NOW)
    assert list(refusal.value.errors) == ["ends_at"]
    assert not Event.objects.exists()


@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_an_event_cannot_begin_at_its_end(organiser: Organiser, team: Team, status: str) -> None:
    with pytest.raises(WrongStatus):
        create_event(
            organiser_id=organiser.pk, by=team["owner"], details=details(status=status), now=NOW
        )
    assert not Event.objects.exists()


# --- Editing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["owner", "manager", "staff"])
def test_those_who_run_the_event_may_edit_it(organiser: Organiser, team: Team, role: str) -> None:
    event = make_event(organiser)
    edit(event, team[role], name="Early Jazz", price=Decimal(25))
    event.refresh_from_db()
    assert (event.name, event.price, event.version, event.edited_version) == (
        "Early Jazz", Decimal(25), 2, 2
    )  # fmt: skip


@pytest.mark.parametrize(
    ("role", "status", "error"),
    [
        ("viewer", "published", Forbidden),
        ("viewer", "draft", Forbidden),
        ("stranger", "published", Forbidden),
        ("stranger", "draft", EventNotFound),
    ],
)
@pytest.mark.parametrize("use_case", ["edit", "publish", "cancel", "delete"])
def test_others_may_not_touch_it_and_a_stranger_does_not_learn_of_a_draft(
    organiser: Organiser, team: Team, role: str, status: str, error: type[Refusal], use_case: str
) -> None:
    event, by = make_event(organiser, status=status), team[role]
    calls = {
        "edit": lambda: edit(event, by, name="Mine"),
        "publish": lambda: publish_event(event_id=event.pk, by=by, now=NOW),
        "cancel": lambda: cancel_event(event_id=event.pk, by=by, now=NOW),
        "delete": lambda: delete_event(event_id=event.pk, by=by),
    }
    assert isinstance(refusal_of(event, calls[use_case]), error)


def test_an_unknown_event_cannot_be_edited(team: Team) -> None:
    with pytest.raises(EventNotFound):
        edit(Event(pk=new_id()), team["staff"], name="Nowhere")


def test_an_edit_is_refused_after_somebody_elses_edit(organiser: Organiser, team: Team) -> None:
    event = make_event(organiser)
    edit(event, team["manager"], name="First")
    refusal = refusal_of(event, edit, event, team["owner"], version=1, name="Second")
    assert isinstance(refusal, StaleEvent)
    assert refusal.facts == {"current_version": 2}


def test_an_edit_is_not_refused_after_sales(organiser: Organiser, team: Team) -> None:
    event = make_event(organiser)
    booking = make_booking(event)
    make_booking(event, quantity=2)
    cancel_booking(reference=booking.reference, by=booking.user, now=NOW)
    edit(event, team["owner"], version=1, name="Early Jazz")
    event.refresh_from_db()
    assert (event.name, event.version, event.edited_version) == ("Early Jazz", 5, 5)
    assert is_sound(event)


def test_an_edit_of_a_version_that_never_was_is_refused(organiser: Organiser, team: Team) -> None:
    event = make_event(organiser)
    assert isinstance(refusal_of(event, edit, event, team["owner"], version=2), StaleEvent)


def test_an_edit_that_changes_nothing_writes_nothing(organiser: Organiser, team: Team) -> None:
    event = make_event(organiser)
    edit(event, team["owner"], name=event.name, capacity=event.capacity)
    event.refresh_from_db()
    assert event.version == 1


def test_an_edit_that_breaks_a_rule_changes_nothing_of_it(organiser: Organiser, team: Team) -> None:
    event = make_event(organiser)
    refusal = refusal_of(
        event, edit, event, team["owner"], name="New", capacity=7, timezone="Berlin"
    )
    assert isinstance(refusal, Invalid)
    assert list(refusal.errors) == ["timezone"]


@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_an_event_that_is_closed_cannot_be_edited(
    organiser: Organiser, team: Team, status: str
) -> None:
    event = make_event(organiser, status=status)
    assert isinstance(refusal_of(event, edit, event, team["owner"], name="New"), EventClosed)


# --- Capacity -----------------------------------------------------------------------------------


def test_more_capacity_is_more_free_seats(organiser: Organiser, team: Team) -> None:
    event = make_event(organiser, capacity=10)
    make_booking(event, quantity=4)
    edit(event, team["owner"], capacity=12)
    event.refresh_from_db()
    assert (event.capacity, event.available_seats) == (12, 8)
    assert is_sound(event)


def test_capacity_can_shrink_to_what_is_taken(organiser: Organiser, team: Team) -> None:
    event = make_event(organiser, capacity=10)
    make_booking(event, quantity=4)
    edit(event, team["owner"], capacity=4)
    event.refresh_from_db()
    assert (event.capacity, event.available_seats) == (4, 0)
    assert is_sound(event)


def test_capacity_below_what_is_taken_is_refused_with_the_three_numbers(
    organiser: Organiser, team: Team
) -> None:
    event = make_event(organiser, capacity=10)
    make_booking(event, quantity=4)
    refusal = refusal_of(event, edit, event, team["owner"], capacity=3, name="Smaller")
    assert isinstance(refusal, CapacityBelowTaken)
    assert refusal.facts == {"capacity": 3, "taken": 4, "confirmed": 4, "held": 0, "offered": 0}
    assert str(refusal) == (
        "4 seats are taken (4 confirmed, 0 held, 0 offered). Choose a capacity of at least 4."
    )


@pytest.mark.parametrize("capacity", [0, -1, MAX_CAPACITY + 1])
def test_capacity_stays_within_its_bounds(organiser: Organiser, team: Team, capacity: int) -> None:
    event = make_event(organiser)
    refusal = refusal_of(event, edit, event, team["owner"], capacity=capacity)
    assert isinstance(refusal, Invalid)
    assert list(refusal.errors) == ["capacity"]


# --- Status -------------------------------------------------------------------------------------


def test_a_draft_is_published_and_a_published_event_cancelled(
    organiser: Organiser, team: Team
) -> None:
    event = make_event(organiser, status="draft")
    assert publish_event(event_id=event.pk, by=team["manager"], now=NOW).status == "published"
    assert cancel_event(event_id=event.pk, by=team["manager"], now=NOW).status == "cancelled"


def test_an_event_that_is_over_by_now_can_still_be_cancelled(
    organiser: Organiser, team: Team
) -> None:
    event = make_event(organiser, starts_at=NOW - timedelta(days=1))
    assert cancel_event(event_id=event.pk, by=team["owner"], now=NOW).status == "cancelled"


def test_a_draft_whose_time_is_past_cannot_be_published(organiser: Organiser, team: Team) -> None:
    event = make_event(organiser, status="draft", starts_at=NOW - timedelta(days=1))
    refusal = refusal_of(event, publish_event, event_id=event.pk, by=team["owner"], now=NOW)
    assert isinstance(refusal, Invalid)


@pytest.mark.parametrize(
    ("status", "use_case"),
    [
        ("draft", cancel_event),
        ("published", publish_event),
        ("cancelled", publish_event),
        ("cancelled", cancel_event),
        ("completed", cancel_event),
        ("completed", publish_event),
    ],
)
def test_no_other_step_is_possible(
    organiser: Organiser, team: Team, status: str, use_case: Any
) -> None:
    event = make_event(organiser, status=status)
    refusal = refusal_of(event, use_case, event_id=event.pk, by=team["owner"], now=NOW)
    assert isinstance(refusal, WrongStatus)


@pytest.mark.parametrize(
    ("status", "wanted"), [("published", "draft"), ("draft", "completed"), ("draft", "cancelled")]
)
def test_an_edit_cannot_take_a_forbidden_step_either(
    organiser: Organiser, team: Team, status: str, wanted: str
) -> None:
    event = make_event(organiser, status=status)
    refusal = refusal_of(event, edit, event, team["owner"], status=wanted, name="New")
    assert isinstance(refusal, WrongStatus)


# --- Deleting and completing --------------------------------------------------------------------


@pytest.mark.parametrize("role", ["owner", "manager", "staff"])
def test_an_event_that_nobody_booked_can_be_deleted(
    organiser: Organiser, team: Team, role: str
) -> None:
    delete_event(event_id=make_event(organiser).pk, by=team[role])
    assert not Event.objects.exists()


def test_an_event_that_somebody_ever_booked_stays(organiser: Organiser, team: Team) -> None:
    event = make_event(organiser)
    booking = make_booking(event)
    cancel_booking(reference=booking.reference, by=booking.user, now=NOW)
    refusal = refusal_of(event, delete_event, event_id=event.pk, by=team["owner"])
    assert isinstance(refusal, EventNotEmpty)


def test_published_events_that_are_over_are_completed() -> None:
    past = NOW - timedelta(days=1)
    over = make_event(starts_at=past)
    others = [
        make_event(),
        make_event(starts_at=past, status="draft"),
        make_event(starts_at=past, status="cancelled"),
    ]
    assert complete_ended_events(now=NOW) == 1
    over.refresh_from_db()
    assert (over.status, over.version, over.edited_version) == ("completed", 2, 2)
    assert [Event.objects.get(pk=event.pk).version for event in others] == [1, 1, 1]
    assert complete_ended_events(now=NOW) == 0
