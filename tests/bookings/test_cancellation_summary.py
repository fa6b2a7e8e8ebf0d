"""What cancelling an event will do, and how far it is."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bookings.queries import CancellationSummary, cancellation_summary
from bookings.services import cancel_booking, cancel_bookings_of_event, cancelling
from evently.accounts.models import User
from evently.ids import new_id
from events.models import Event
from events.services import cancel_event, edit_event
from tests.makers import make_booking, make_event, make_user, mark_paid

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user(is_staff=True)


def cancel(event: Event, by: User) -> None:
    cancel_event(event_id=event.pk, by=by, now=timezone.now())


def cancel_some(event: Event) -> int:
    return cancel_bookings_of_event(event_id=event.pk, now=timezone.now())


def test_the_preview_counts_what_is_live_and_adds_up_its_money() -> None:
    event, ada = make_event(price=Decimal("12.50"), repeat_bookings_allowed=True), make_user()
    make_booking(event, ada)  # nobody noted that it was paid
    mark_paid(make_booking(event, ada, quantity=2), make_booking(event, quantity=3))
    gone = make_booking(event, quantity=4)
    cancel_booking(reference=gone.reference, by=gone.user, now=timezone.now())
    make_booking(make_event())
    assert cancellation_summary(event_id=event.pk) == CancellationSummary(
        bookings=3, people=2, seats=6, refunds={"EUR": Decimal("62.50")}, done=0
    )


def test_refunds_are_told_by_currency_and_what_was_free_is_none(admin: User) -> None:
    event = make_event(price=Decimal("5.00"), currency="GBP")
    mark_paid(make_booking(event, quantity=2))
    for prices in (
        {"price": Decimal(7), "currency": "CHF"},
        {"price": Decimal(0), "currency": "EUR"},
    ):
        # An event keeps its currency once seats are taken; older rows may have several.
        Event.objects.filter(pk=event.pk).update(**prices)
        booking = make_booking(event)
        if booking.total:
            mark_paid(booking)
    summary = cancellation_summary(event_id=event.pk)
    assert list(summary.refunds.items()) == [("CHF", Decimal(7)), ("GBP", Decimal(10))]
    assert (summary.bookings, summary.people, summary.seats) == (3, 3, 4)


def test_progress_counts_what_was_cancelled_since_the_event_was(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancelling, "BATCH", 2)
    event = make_event()
    early, *_ = [make_booking(event, quantity=2) for _ in range(4)]
    cancel_booking(reference=early.reference, by=early.user, now=timezone.now())
    cancel(event, admin)

    def stands() -> tuple[int, int]:
        summary = cancellation_summary(event_id=event.pk)
        return summary.done, summary.bookings

    assert stands() == (0, 3)
    assert cancel_some(event) == 2
    assert stands() == (2, 1)
    assert cancel_some(event) == 1
    assert stands() == (3, 0)
    summary = cancellation_summary(event_id=event.pk)
    assert (summary.people, summary.seats, summary.refunds) == (0, 0, {})


def test_another_change_of_the_event_is_not_its_cancellation(admin: User) -> None:
    event = make_event(status="draft")
    edit_event(
        event_id=event.pk,
        by=admin,
        changes={"name": "cancelled", "status": "published"},
        expected_version=1,
        now=timezone.now(),
    )
    booking = make_booking(event)
    later = timezone.now() + timedelta(minutes=1)
    cancel_booking(reference=booking.reference, by=admin, now=later)
    assert cancellation_summary(event_id=event.pk).done == 0


def test_an_unknown_event_has_nothing_to_cancel() -> None:
    nothing = CancellationSummary(bookings=0, people=0, seats=0, refunds={}, done=0)
    assert cancellation_summary(event_id=new_id()) == nothing


def test_two_queries_tell_it_all(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    event = make_event()
    make_booking(event)
    with django_assert_num_queries(2):
        cancellation_summary(event_id=event.pk)
