"""Idempotency keys: a repeated request gets the first answer."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from bookings.errors import AlreadyBooked, SoldOut
from bookings.models import Booking
from bookings.serializers import shown
from bookings.services import BookingRequest, book, book_batch, cancel_booking
from evently.accounts.models import User
from evently.errors import Invalid, Refusal
from evently.idempotency import store
from evently.idempotency.errors import IdempotencyMismatch
from evently.idempotency.models import KeptAnswer
from evently.idempotency.store import forget_old_answers
from evently.idempotency.tasks import forget_old_answers as forget_old_answers_task
from events.models import Event
from tests.harness import at_once, is_sound, kinds, live_bookings
from tests.makers import make_booking, make_event, make_user

NOW = datetime.now(UTC)

pytestmark = pytest.mark.django_db
# For tests of what happens at the commit, or in several threads.
real_commits = pytest.mark.django_db(transaction=True)


def ask(event: Event, user: User, key: str | None = "click", quantity: int = 1) -> Booking:
    request = BookingRequest(user_id=user.pk, quantity=quantity, idempotency_key=key)
    return book(event_id=event.pk, request=request, now=NOW)


def refusal_of(event: Event, user: User, **asked: int | str) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        ask(event, user, **asked)  # type: ignore[arg-type]
    return refusal.value


def test_a_repeated_request_gets_the_first_booking() -> None:
    event, user = make_event(), make_user()
    assert ask(event, user) == ask(event, user)
    assert live_bookings(event) == 1
    assert is_sound(event)


def test_a_repeated_request_gets_the_first_answer_whatever_became_of_it() -> None:
    """And says that it is a repeat: the booking's own address tells how it stands now."""
    event, user = make_event(), make_user()
    first = ask(event, user)
    said = shown(first)
    cancel_booking(reference=first.reference, by=user, now=NOW)
    again = ask(event, user)
    assert shown(again) == said
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert live_bookings(event) == 0


@pytest.mark.parametrize("difference", ["quantity", "event"])
def test_a_key_stands_for_one_request_only(difference: str) -> None:
    event, user = make_event(), make_user()
    ask(event, user)
    other = make_event() if difference == "event" else event
    refusal = refusal_of(other, user, quantity=2 if difference == "quantity" else 1)
    assert isinstance(refusal, IdempotencyMismatch)
    assert Booking.objects.count() == KeptAnswer.objects.count() == 1
    assert is_sound(event)
    assert is_sound(other)


def test_the_same_key_of_another_person_is_another_key() -> None:
    event = make_event()
    assert ask(event, make_user()) != ask(event, make_user())


def test_a_refusal_is_kept_with_its_facts() -> None:
    """The seat that came free meanwhile is for a new request, with a new key."""
    event, user = make_event(capacity=1), make_user()
    taken = make_booking(event)
    first = refusal_of(event, user)
    cancel_booking(reference=taken.reference, by=taken.user, now=NOW)
    again = refusal_of(event, user)
    assert isinstance(again, SoldOut)
    assert (str(again), again.facts) == (str(first), first.facts)
    assert live_bookings(event) == 0
    assert ask(event, user, key="new")


def test_a_request_that_can_be_corrected_is_not_kept() -> None:
    event, user = make_event(max_per_booking=1), make_user()
    assert isinstance(refusal_of(event, user, quantity=2), Invalid)
    assert not KeptAnswer.objects.exists()
    assert ask(event, user, quantity=1)


def test_a_request_without_a_key_is_not_kept() -> None:
    ask(make_event(), make_user(), key=None)
    assert not KeptAnswer.objects.exists()


def test_a_repeat_in_the_same_batch_gets_the_first_booking_when_redis_is_out(
    settings: Settings,
) -> None:
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    }
    event, user = make_event(), make_user()
    request = BookingRequest(user_id=user.pk, quantity=1, idempotency_key="click")
    first, second = book_batch(event_id=event.pk, requests=[request, request], now=NOW)
    assert first == second
    assert live_bookings(event) == 1
    assert is_sound(event)


def test_a_repeat_in_the_same_batch_gets_the_first_booking() -> None:
    event, user = make_event(), make_user()
    request = BookingRequest(user_id=user.pk, quantity=1, idempotency_key="click")
    first, second = book_batch(event_id=event.pk, requests=[request, request], now=NOW)
    assert first == second
    assert live_bookings(event) == 1
    assert is_sound(event)


@real_commits
def test_one_key_used_for_two_events_at_once_books_one() -> None:
    """The events' rows are two locks: only the constraint on the answer stands between them."""
    user, events = make_user(), [make_event(), make_event()]
    outcomes = at_once(*(lambda event=event: ask(event, user) for event in events))
    assert kinds(outcomes) in (
        ["Booking", "BookingInProgress"], ["Booking", "IdempotencyMismatch"]
    )  # fmt: skip
    assert sum(live_bookings(event) for event in events) == 1
    assert all(is_sound(event) for event in events)


def test_answers_are_forgotten_after_a_day_and_not_before() -> None:
    event, user = make_event(), make_user()
    ask(event, user)
    assert forget_old_answers(now=NOW + timedelta(hours=24)) == 0
    assert forget_old_answers(now=NOW + timedelta(hours=24, microseconds=1)) == 1
    assert isinstance(refusal_of(event, user), AlreadyBooked)


def test_the_job_forgets_old_answers() -> None:
    ask(make_event(), make_user())
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    forget_old_answers_task()
    assert not KeptAnswer.objects.exists()


def test_a_person_has_a_bounded_number_of_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest stay; those of others are left alone."""
    monkeypatch.setattr(store, "MOST_OF_A_PERSON", 2)
    user, other = make_user(), make_user()
    for place in range(4):
        when = NOW - timedelta(minutes=place)
        book(
            event_id=make_event().pk,
            request=BookingRequest(user_id=user.pk, quantity=1, idempotency_key=f"key-{place}"),
            now=when,
        )
    ask(make_event(), other)
    assert forget_old_answers(now=NOW) == 2
    kept = KeptAnswer.objects.filter(user=user).values_list("key", flat=True)
    assert set(kept) == {"key-0", "key-1"}
    assert KeptAnswer.objects.filter(user=other).count() == 1
