"""What the history keeps: who changed what, before and after, and nothing that did not happen."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db.transaction import TransactionManagementError
from pytest_django import DjangoAssertNumQueries

from bookings.models import Booking
from bookings.services import BookingRequest, book, cancel_booking, cancel_bookings_of_event
from bookings.services.payments import mark_refunded
from evently.accounts.models import User
from evently.errors import Invalid
from evently.history.models import Change
from evently.history.queries import list_changes
from evently.history.services import Subject, record
from evently.ids import new_id
from events.errors import CapacityBelowTaken, EventNotEmpty
from events.importing import EventRow, ParsedFile
from events.models import Event, Membership, Role
from events.services import (
    cancel_event,
    change_member,
    complete_ended_events,
    create_event,
    create_organiser,
    delete_event,
    edit_event,
    import_events,
    publish_event,
    remove_member,
    rename_organiser,
)
from tests import makers
from tests.harness import at_once, let_one_wait_for_the_other
from tests.makers import make_booking, make_event, make_organiser, make_user, mark_paid

NOW = datetime.now(UTC)
# Who, the thing's name, field, before, after.
Row = tuple[str | None, str, str, Any, Any]

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user("Olga", email="olga@example.com")


@pytest.fixture
def event(owner: User) -> Event:
    return make_event(make_organiser(owner), capacity=10)


def history(**narrowed: Any) -> list[Row]:
    """All rows in the order in which they were written."""
    return [
        (row.by.email if row.by else None, row.label, row.field, row.before, row.after)
        for row in reversed(list_changes(**narrowed))
    ]


def edit(event: Event, by: User, **changes: Any) -> None:
    version = Event.objects.get(pk=event.pk).version
    edit_event(event_id=event.pk, by=by, changes=changes, expected_version=version, now=NOW)


# --- Events ---------------------------------------------------------------------------------------


def test_an_edit_is_kept_field_by_field(event: Event, owner: User) -> None:
    begins = event.starts_at - timedelta(days=3)
    changes = {
        "name": "Early Jazz",
        "price": Decimal("25.00"),
        "capacity": 12,
        "sales_start_at": begins,
        "venue": event.venue,
    }
    edit(event, owner, **changes)
    told = begins.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert sorted(history(), key=lambda row: row[2]) == [
        (owner.email, "Early Jazz", "capacity", 10, 12),
        (owner.email, "Early Jazz", "name", "Late Jazz", "Early Jazz"),
        (owner.email, "Early Jazz", "price", "20.00", "25.00"),
        (owner.email, "Early Jazz", "sales_start_at", None, told),
    ]
    row = Change.objects.earliest("pk")
    assert (row.subject, row.subject_id) == ("event", event.pk)
    assert (row.organiser_id, row.event_id) == (event.organiser_id, event.pk)
    assert timedelta(0) <= datetime.now(UTC) - row.at < timedelta(minutes=1)


def test_an_edit_that_changes_nothing_leaves_no_trace(event: Event, owner: User) -> None:
    edit(event, owner, name=event.name, capacity=10)
    assert history() == []


def test_an_events_life_is_kept_and_outlives_it(owner: User) -> None:
    organiser = make_organiser(owner)
    starts_at = NOW + timedelta(days=9)
    details = {"name": "Talk", "starts_at": starts_at, "capacity": 5}
    details["ends_at"] = starts_at + timedelta(hours=1)
    event = create_event(organiser_id=organiser.pk, by=owner, details=details, now=NOW)
    publish_event(event_id=event.pk, by=owner, now=NOW)
    cancel_event(event_id=event.pk, by=owner, now=NOW)
    delete_event(event_id=event.pk, by=owner)
    steps = [None, "draft", "published", "cancelled", None]
    assert history(event_id=event.pk) == [
        (owner.email, "Talk", "status", before, after) for before, after in pairwise(steps)
    ]


def test_evently_itself_completes_an_event() -> None:
    make_event(starts_at=NOW - timedelta(days=1))
    complete_ended_events(now=NOW)
    assert history() == [(None, "Late Jazz", "status", "published", "completed")]


def test_with_an_event_go_the_members_it_alone_was_for(event: Event, owner: User) -> None:
    helper = make_user("Hal", email="hal@example.com")
    makers.add_member(event.organiser, helper, Role.DOOR, event)
    delete_event(event_id=event.pk, by=owner)
    assert not Membership.objects.filter(user=helper).exists()
    assert history()[1:] == [
        (owner.email, "hal@example.com", "role", "door", None),
        (owner.email, "hal@example.com", "only_event", "Late Jazz", None),
    ]


def test_an_import_is_kept_like_changes_by_hand(owner: User) -> None:
    organiser = make_organiser(owner)

    def bring(price: int, by: User | None, *, publish: bool = False) -> None:
        row = EventRow(
            line=1,
            uid="talk",
            name="Talk",
            description="",
            venue="",
            starts_at=NOW + timedelta(days=9),
            ends_at=NOW + timedelta(days=10),
            timezone="UTC",
            capacity=5,
            price=Decimal(price),
            currency="EUR",
            max_per_booking=None,
        )
        import_events(
            organiser_id=organiser.pk,
            parsed=ParsedFile(rows=[row], bad=[]),
            by=by,
            publish=publish,
            partial=False,
            now=NOW,
        )

    bring(5, owner)
    bring(5, owner)
    bring(7, None, publish=True)
    assert sorted(history(), key=str) == [
        (owner.email, "Talk", "status", None, "draft"),
        (None, "Talk", "price", "5", "7"),
        (None, "Talk", "status", "draft", "published"),
    ]


# --- Bookings -------------------------------------------------------------------------------------


def test_a_booking_cancelled_by_a_colleague_is_kept_with_its_refund(
    event: Event, owner: User
) -> None:
    booking = make_booking(event)
    mark_paid(booking)
    reference = booking.reference
    cancel_booking(reference=reference, by=owner, now=NOW)
    assert history(event_id=event.pk) == [
        (owner.email, reference, "status", "confirmed", "cancelled"),
        (owner.email, reference, "refund", "none", "due"),
    ]


def test_without_money_there_is_no_refund_to_keep(owner: User) -> None:
    booking = make_booking(make_event(make_organiser(owner), price=Decimal(20)))
    cancel_booking(reference=booking.reference, by=owner, now=NOW)
    assert [row[2] for row in history()] == ["status"]


def test_what_people_do_with_their_own_bookings_is_not_kept(event: Event) -> None:
    booking = make_booking(event)
    cancel_booking(reference=booking.reference, by=booking.user, now=NOW)
    assert history() == []


def test_a_called_off_event_is_one_row_whatever_was_booked(event: Event, owner: User) -> None:
    for _ in range(3):
        make_booking(event)
    cancel_event(event_id=event.pk, by=owner, now=NOW)
    assert cancel_bookings_of_event(event_id=event.pk, now=NOW) == 3
    assert history() == [(owner.email, "Late Jazz", "status", "published", "cancelled")]


def test_each_refund_is_kept_once(event: Event, owner: User) -> None:
    bookings = [make_booking(event) for _ in range(2)]
    mark_paid(*bookings)
    for booking in bookings:
        cancel_booking(reference=booking.reference, by=booking.user, now=NOW)
    ids = [booking.pk for booking in (*bookings, make_booking(event))]
    assert mark_refunded(booking_ids=ids, by=owner) == 2
    assert mark_refunded(booking_ids=ids, by=owner) == 0
    assert history(event_id=event.pk) == [
        (owner.email, booking.reference, "refund", "due", "done") for booking in bookings
    ]


@pytest.mark.django_db(transaction=True)
def test_a_refund_that_two_people_note_at_once_is_kept_once(
    event: Event, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = make_booking(event)
    mark_paid(booking)
    cancel_booking(reference=booking.reference, by=booking.user, now=NOW)
    decided = ("bookings.services.payments.record_bookings",)
    monkeypatch.setattr("tests.harness.DECIDED", decided)
    let_one_wait_for_the_other(monkeypatch)

    def note() -> int:
        return mark_refunded(booking_ids=[booking.pk], by=owner)

    assert sorted(at_once(note, note)) == [0, 1]
    assert len(history()) == 1


def test_refunds_of_many_bookings_take_few_queries(
    event: Event, owner: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ids = [make_booking(event).pk for _ in range(10)]
    Booking.objects.update(status="cancelled", cancelled_at=NOW, refund="due")
    with django_assert_max_num_queries(5):  # two of them are the transaction's
        mark_refunded(booking_ids=ids, by=owner)
    assert Change.objects.count() == 10


def test_booking_a_seat_writes_no_history_and_asks_nothing_of_it(
    event: Event, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request = BookingRequest(user_id=make_user().pk, quantity=1)
    with django_assert_num_queries(8) as asked:
        book(event_id=event.pk, request=request, now=NOW)
    assert not [query for query in asked.captured_queries if "history" in query["sql"]]
    assert history() == []


# --- Teams ----------------------------------------------------------------------------------------


def test_a_teams_foundation_and_its_names_are_kept(owner: User) -> None:
    organiser = create_organiser(name="Blue Note", by=owner)
    rename_organiser(organiser_id=organiser.pk, name="Red Note", by=owner)
    rename_organiser(organiser_id=organiser.pk, name="Red Note", by=owner)
    assert history(organiser_ids=[organiser.pk]) == [
        (owner.email, "Blue Note", "name", None, "Blue Note"),
        (owner.email, owner.email, "role", None, "owner"),
        (owner.email, "Red Note", "name", "Blue Note", "Red Note"),
    ]


def test_roles_given_changed_and_taken_are_kept(event: Event, owner: User) -> None:
    ada, organiser = make_user("Ada", email="ada@example.com"), event.organiser
    added = makers.add_member(organiser, ada, Role.DOOR)
    place: dict[str, Any] = {"role": Role.MANAGER, "only_event_id": event.pk}
    change_member(member_id=added.pk, by=owner, **place)
    change_member(member_id=added.pk, by=owner, **place)
    assert [row[2] for row in history(event_id=event.pk)] == ["role", "only_event"]
    remove_member(member_id=added.pk, by=owner)
    assert history(organiser_ids=[organiser.pk]) == [
        (owner.email, ada.email, "role", "door", "manager"),
        (owner.email, ada.email, "only_event", None, "Late Jazz"),
        (owner.email, ada.email, "role", "manager", None),
        (owner.email, ada.email, "only_event", "Late Jazz", None),
    ]


# --- Truth ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_leaves_no_trace(event: Event, owner: User) -> None:
    make_booking(event, quantity=4)
    with pytest.raises(CapacityBelowTaken):
        edit(event, owner, capacity=3, name="Smaller")
    with pytest.raises(Invalid):
        edit(event, owner, price=Decimal(-1))
    with pytest.raises(EventNotEmpty):
        delete_event(event_id=event.pk, by=owner)
    assert history() == []


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_takes_its_history_along(
    event: Event, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        assert Change.objects.exists()
        raise RuntimeError

    monkeypatch.setattr("events.services.editing.record_member", fail)
    makers.add_member(event.organiser, make_user(), Role.DOOR, event)
    with pytest.raises(RuntimeError):
        delete_event(event_id=event.pk, by=owner)
    assert history() == []
    assert Event.objects.filter(pk=event.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_history_is_not_written_beside_the_change() -> None:
    subject = Subject(kind="event", id=new_id(), label="Talk", organiser_id=new_id())
    with pytest.raises(TransactionManagementError):
        record([subject], by=None, changes={"name": ("a", "b")})
    assert history() == []


def test_history_outlives_the_account(event: Event, owner: User) -> None:
    staff = make_user("Sam", is_staff=True)
    edit(event, staff, name="Early Jazz")
    staff.delete()
    assert history() == [(None, "Early Jazz", "name", "Late Jazz", "Early Jazz")]


def test_history_is_read_by_team_and_by_event_latest_first(
    owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    organisers = [make_organiser(owner, name) for name in ("One", "Two")]
    events = [make_event(organiser, name=organiser.name) for organiser in organisers]
    for price in (1, 2):
        for event in events:
            edit(event, owner, price=Decimal(price))
    with django_assert_num_queries(1):
        read = [(str(row.by), row.label) for row in list_changes()]
    assert read == [("Olga", name) for name in ("Two", "One", "Two", "One")]
    assert {row[1] for row in history(organiser_ids=[organisers[0].pk])} == {"One"}
    assert [row[4] for row in history(event_id=events[1].pk)] == ["1", "2"]
    assert history(organiser_ids=[]) == []
