"""Cancelling a booking, and all bookings of a cancelled event."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bookings import tasks
from bookings.errors import AlreadyCancelled, BookingNotFound
from bookings.models import Booking
from bookings.services import (
    cancel_booking,
    cancel_bookings_of_event,
    find_cancelled_events_with_bookings,
)
from evently.accounts.models import User
from evently.celery import app
from evently.errors import Forbidden, Refusal
from evently.ids import new_id
from events.errors import EventClosed, EventNotFound
from events.models import Event, Role
from events.services import cancel_event
from tests.harness import is_sound, live_bookings
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user, mark_paid

NOW = datetime.now(UTC)

pytestmark = pytest.mark.django_db
# For tests of what happens at the commit, or in several threads.
real_commits = pytest.mark.django_db(transaction=True)


@pytest.fixture
def eager_jobs() -> Iterator[None]:
    """Jobs run at once, in this process."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def refusal_of(booking: Booking, by: User, now: datetime = NOW) -> Refusal:
    """Why a booking cannot be cancelled, having seen that everything stayed as it was."""
    before = Booking.objects.values().get(pk=booking.pk), Event.objects.values().get()
    with pytest.raises(Refusal) as refusal:
        cancel_booking(reference=booking.reference, by=by, now=now)
    assert (Booking.objects.values().get(pk=booking.pk), Event.objects.values().get()) == before
    return refusal.value


# --- One booking --------------------------------------------------------------------------------


def test_a_cancelled_booking_gives_its_seats_back_and_marks_the_refund() -> None:
    event = make_event(capacity=5)
    booking = make_booking(event, quantity=3)
    mark_paid(booking)
    cancelled = cancel_booking(reference=booking.reference, by=booking.user, now=NOW)
    cancelled.refresh_from_db()
    assert (cancelled.status, cancelled.cancelled_at, cancelled.refund) == ("cancelled", NOW, "due")
    event.refresh_from_db()
    assert (event.available_seats, event.version, event.edited_version) == (5, 3, 1)
    assert is_sound(event)


def test_nothing_is_refunded_for_a_free_seat() -> None:
    booking = make_booking(make_event(price=Decimal(0)))
    cancelled = cancel_booking(reference=booking.reference, by=booking.user, now=NOW)
    cancelled.refresh_from_db()
    assert cancelled.refund == "none"


def test_a_reference_may_be_typed_in_small_letters() -> None:
    booking = make_booking(make_event())
    assert cancel_booking(reference=booking.reference.lower(), by=booking.user, now=NOW)


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
def test_owner_and_manager_may_cancel_a_booking_of_their_event(role: Role) -> None:
    organiser, colleague = make_organiser(), make_user("Colleague")
    add_member(organiser, colleague, role)
    booking = make_booking(make_event(organiser))
    assert cancel_booking(reference=booking.reference, by=colleague, now=NOW).status == "cancelled"


def test_staff_may_cancel_any_booking() -> None:
    booking = make_booking(make_event())
    assert cancel_booking(reference=booking.reference, by=make_user(is_staff=True), now=NOW)


def test_a_viewer_sees_the_booking_and_may_not_cancel_it() -> None:
    organiser, viewer = make_organiser(), make_user("Viewer")
    add_member(organiser, viewer, Role.VIEWER)
    refusal = refusal_of(make_booking(make_event(organiser)), by=viewer)
    assert isinstance(refusal, Forbidden)


def test_for_a_stranger_the_booking_does_not_exist() -> None:
    booking = make_booking(make_event())
    stranger = make_user("Stranger")
    add_member(make_organiser(), stranger, Role.OWNER)
    assert isinstance(refusal_of(booking, by=stranger), BookingNotFound)


def test_a_booking_is_cancelled_once() -> None:
    event = make_event(capacity=5)
    booking = make_booking(event)
    cancel_booking(reference=booking.reference, by=booking.user, now=NOW)
    assert isinstance(refusal_of(booking, by=booking.user), AlreadyCancelled)
    assert is_sound(event)


def test_a_booking_of_an_event_that_is_over_stays() -> None:
    event = make_event()
    booking = make_booking(event)
    assert isinstance(refusal_of(booking, by=booking.user, now=event.ends_at), EventClosed)


# --- A whole event ------------------------------------------------------------------------------


def make_cancelled_event(bookings: int = 3, price: int = 20) -> Event:
    """Cancelled behind the service's back: the message about it was lost."""
    event = make_event(capacity=10, price=Decimal(price))
    for _ in range(bookings):
        mark_paid(make_booking(event))
    Event.objects.filter(pk=event.pk).update(status=Event.Status.CANCELLED)
    return event


def test_the_bookings_of_a_cancelled_event_go_a_batch_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bookings.services.cancelling.BATCH", 2)
    event = make_cancelled_event(bookings=3)
    done = [cancel_bookings_of_event(event_id=event.pk, now=NOW) for _ in range(3)]
    assert done == [2, 1, 0]
    assert live_bookings(event) == 0
    assert set(Booking.objects.values_list("refund", "cancelled_at")) == {("due", NOW)}
    assert is_sound(event)


def test_the_bookings_of_an_event_that_is_not_cancelled_stay() -> None:
    event = make_event()
    make_booking(event)
    assert cancel_bookings_of_event(event_id=event.pk, now=NOW) == 0
    assert live_bookings(event) == 1


def test_the_bookings_of_an_unknown_event_cannot_be_cancelled() -> None:
    with pytest.raises(EventNotFound):
        cancel_bookings_of_event(event_id=new_id(), now=NOW)


@real_commits
def test_cancelling_an_event_cancels_its_bookings(eager_jobs: None) -> None:
    owner = make_user("Olga")
    event = make_event(make_organiser(owner))
    make_booking(event, quantity=4)
    cancel_event(event_id=event.pk, by=owner, now=NOW)
    assert live_bookings(event) == 0
    event.refresh_from_db()
    assert event.available_seats == event.capacity
    assert is_sound(event)


def test_the_sweep_finishes_what_a_lost_message_left(eager_jobs: None) -> None:
    left, untouched = make_cancelled_event(), make_event()
    make_booking(untouched)
    assert find_cancelled_events_with_bookings() == [left.pk]
    tasks.cancel_left_bookings()
    assert find_cancelled_events_with_bookings() == []
    assert live_bookings(left) == 0
    assert live_bookings(untouched) == 1


def test_a_booking_that_its_holder_cancelled_first_is_left_alone() -> None:
    event = make_cancelled_event()
    first = Booking.objects.earliest("pk")
    earlier = NOW - timedelta(minutes=5)
    cancel_booking(reference=first.reference, by=first.user, now=earlier)
    assert cancel_bookings_of_event(event_id=event.pk, now=NOW) == 2
    first.refresh_from_db()
    assert first.cancelled_at == earlier
    assert is_sound(event)
