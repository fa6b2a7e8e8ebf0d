"""Copying an event to another date: the settings, and what its clocks show."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.models import Booking
from evently.accounts.models import User
from evently.errors import Forbidden, Invalid, Refusal
from evently.ids import new_id
from events.errors import EventNotFound, OrganiserNotFound
from events.models import Event, Organiser, Role
from events.services import duplicate_event
from events.services.copying import COPIED, MOVED, moved_times
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user

db = pytest.mark.django_db
NOW = datetime.now(UTC)
BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def berlin(*parts: int, fold: int = 0) -> datetime:
    """The instant at which Berlin's clocks show this; with `fold`, for the second time."""
    local = datetime(*parts, tzinfo=BERLIN, fold=fold)  # type: ignore[arg-type, misc]
    return local.astimezone(UTC)


def copy(event: Event, by: User, starts_at: datetime | None = None) -> Event:
    starts_at = starts_at or NOW + 90 * DAY
    return duplicate_event(event_id=event.pk, by=by, starts_at=starts_at, now=NOW)


def refusal_of(event: Event, by: User, starts_at: datetime | None = None) -> Refusal:
    """Why there is no copy, having seen that there is none."""
    before = Event.objects.count()
    with pytest.raises(Refusal) as refusal:
        copy(event, by, starts_at)
    assert Event.objects.count() == before
    return refusal.value


@pytest.fixture
def owner() -> User:
    return make_user("Olga")


@pytest.fixture
def organiser(owner: User) -> Organiser:
    return make_organiser(owner)


# --- What is copied -----------------------------------------------------------------------------


@db
@pytest.mark.parametrize("status", ["draft", "published", "cancelled", "completed"])
def test_a_copy_is_a_draft_with_the_settings_of_any_event_and_all_seats_free(
    organiser: Organiser, owner: User, status: str
) -> None:
    event = make_event(
        organiser,
        name="Late Jazz 🎷",
        description="Bring a chair.",
        timezone="America/New_York",
        capacity=40,
        available_seats=3,
        price=Decimal("12.50"),
        currency="USD",
        max_per_booking=4,
        repeat_bookings_allowed=True,
        status=status,
    )
    made = copy(event, owner)
    made.refresh_from_db()
    assert (made.status, made.capacity, made.available_seats) == ("draft", 40, 40)
    assert made.organiser == organiser
    assert {name: getattr(made, name) for name in COPIED} == {
        name: getattr(event, name) for name in COPIED
    }


@db
def test_bookings_stay_with_the_event_that_is_copied_and_so_does_its_import(
    organiser: Organiser, owner: User
) -> None:
    event = make_event(organiser, import_uid="spring-2026")
    make_booking(event, quantity=2)
    before = Event.objects.values().get(pk=event.pk)
    made = copy(event, owner)
    assert Booking.objects.get().event == event
    assert (made.import_uid, made.version, made.edited_version) == (None, 1, 1)
    assert Event.objects.values().get(pk=event.pk) == before


def test_every_field_of_an_event_is_copied_or_moved_or_its_own() -> None:
    own = {"id", "organiser", "available_seats", "status", "version", "edited_version"}
    own |= {"import_uid", "created_at", "words", "moves", "moved_at"}
    assert {field.name for field in Event._meta.concrete_fields} == own | COPIED | set(MOVED)


@db
def test_a_copy_can_be_copied(organiser: Organiser, owner: User) -> None:
    first = copy(make_event(organiser), owner)
    assert copy(first, owner).name == first.name


# --- When ---------------------------------------------------------------------------------------


@db
def test_end_and_sale_keep_their_times_of_day_when_the_clocks_change_in_between(
    organiser: Organiser, owner: User
) -> None:
    event = make_event(
        organiser,
        starts_at=berlin(2090, 3, 20, 19, 30),
        ends_at=berlin(2090, 3, 20, 23, 0),
        sales_start_at=berlin(2090, 2, 20, 10, 0),
        sales_end_at=berlin(2090, 3, 20, 18, 0),
    )
    made = copy(event, owner, berlin(2090, 4, 10, 19, 30))
    made.refresh_from_db()
    assert made.starts_at == berlin(2090, 4, 10, 19, 30)
    assert made.ends_at == berlin(2090, 4, 10, 23, 0)
    # 28 days before on the calendar, on the other side of the change.
    assert made.sales_start_at == berlin(2090, 3, 13, 10, 0)
    assert made.sales_end_at == berlin(2090, 4, 10, 18, 0)


@db
def test_no_sale_times_stay_no_sale_times(organiser: Organiser, owner: User) -> None:
    made = copy(make_event(organiser), owner)
    assert (made.sales_start_at, made.sales_end_at) == (None, None)


def moved(times: dict[str, datetime], starts_at: datetime) -> dict[str, datetime]:
    return moved_times(times, starts_at=starts_at, zone=BERLIN)


def test_a_night_over_the_change_ends_at_its_time_of_day() -> None:
    usual = {"starts_at": berlin(2026, 3, 21, 22, 0), "ends_at": berlin(2026, 3, 22, 6, 0)}
    short_night = moved(usual, berlin(2026, 3, 28, 22, 0))
    assert short_night["ends_at"] == berlin(2026, 3, 29, 6, 0)
    assert short_night["ends_at"] - short_night["starts_at"] == timedelta(hours=7)
    long_night = moved(usual, berlin(2026, 10, 24, 22, 0))
    assert long_night["ends_at"] - long_night["starts_at"] == timedelta(hours=9)


def test_a_time_that_clocks_skip_comes_as_much_later() -> None:
    usual = {"starts_at": berlin(2026, 3, 21, 22, 0), "ends_at": berlin(2026, 3, 22, 2, 30)}
    assert moved(usual, berlin(2026, 3, 28, 22, 0))["ends_at"] == berlin(2026, 3, 29, 3, 30)


def test_of_a_time_that_comes_twice_the_first_is_taken() -> None:
    usual = {"starts_at": berlin(2026, 10, 17, 22, 0), "ends_at": berlin(2026, 10, 18, 2, 30)}
    assert moved(usual, berlin(2026, 10, 24, 22, 0))["ends_at"] == berlin(2026, 10, 25, 2, 30)


def test_an_event_in_the_doubled_hour_keeps_the_time_it_takes() -> None:
    usual = {"starts_at": berlin(2026, 10, 18, 2, 30), "ends_at": berlin(2026, 10, 18, 2, 45)}
    second = moved(usual, berlin(2026, 10, 25, 2, 30, fold=1))
    assert second["ends_at"] - second["starts_at"] == timedelta(minutes=15)


# Hours around the two changes of the clocks in 2026.
CHANGES = datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC)
_instants = st.builds(
    lambda begin, minutes: begin + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(min_value=0, max_value=600),
)


@given(times=st.lists(_instants, min_size=4, max_size=4), starts_at=_instants)
def test_moved_times_stay_in_their_order(times: list[datetime], starts_at: datetime) -> None:
    before = dict(zip(MOVED, times, strict=True))
    after = moved(before, starts_at)
    assert after["starts_at"] == starts_at
    for one in MOVED:
        for other in MOVED:
            assert (before[one] < before[other]) == (after[one] < after[other])


@given(times=st.lists(_instants, min_size=4, max_size=4))
def test_an_event_that_is_moved_nowhere_stays_what_it_is(times: list[datetime]) -> None:
    before = dict(zip(MOVED, times, strict=True))
    after = moved(before, before["starts_at"])
    for name in MOVED:
        # Of an hour that comes twice, the first may be taken for the second.
        assert before[name] - after[name] in {timedelta(0), timedelta(hours=1)}


# --- Who and what not ---------------------------------------------------------------------------


@db
@pytest.mark.parametrize("starts_at", [NOW, NOW - DAY])
def test_a_start_that_is_not_in_the_future_is_refused_at_its_field(
    organiser: Organiser, owner: User, starts_at: datetime
) -> None:
    refusal = refusal_of(make_event(organiser), owner, starts_at)
    assert isinstance(refusal, Invalid)
    assert list(refusal.errors) == ["starts_at"]


@db
def test_a_colleague_who_manages_may_copy_and_one_who_looks_on_may_not(
    organiser: Organiser,
) -> None:
    manager, viewer = make_user("Max"), make_user("Vera")
    add_member(organiser, manager, Role.MANAGER)
    add_member(organiser, viewer, Role.VIEWER)
    event = make_event(organiser, status="draft")
    assert copy(event, manager).organiser == organiser
    assert isinstance(refusal_of(event, viewer), Forbidden)


@db
@pytest.mark.parametrize(
    ("status", "error"), [("published", OrganiserNotFound), ("draft", EventNotFound)]
)
def test_a_stranger_copies_nothing_and_does_not_learn_of_a_draft(
    organiser: Organiser, status: str, error: type[Refusal]
) -> None:
    stranger = make_user("Stranger")
    make_organiser(stranger)
    assert isinstance(refusal_of(make_event(organiser, status=status), stranger), error)


@db
def test_an_unknown_event_cannot_be_copied(owner: User) -> None:
    fields: dict[str, Any] = {"pk": new_id()}
    assert isinstance(refusal_of(Event(**fields), owner), EventNotFound)
