"""Threads of one process that want the same event book it together, each for itself."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from asgi_correlation_id import correlation_id
from django.db import OperationalError, connections, transaction
from django.utils import translation

from bookings.errors import SoldOut
from bookings.facts import BookingConfirmed
from bookings.models import Booking
from bookings.services import BookingRequest, Outcome, book_batch, book_in_company, company
from evently import facts
from evently.accounts.models import User
from events.models import Event
from tests.harness import PATIENCE_SECONDS, claimed_seats, is_sound
from tests.makers import make_event, make_users

pytestmark = pytest.mark.django_db(transaction=True)

Patch = pytest.MonkeyPatch


@pytest.fixture
def batches(monkeypatch: Patch) -> list[int]:
    """The sizes of the batches that are booked from now on."""
    sizes: list[int] = []

    def note(**batch: Any) -> list[Outcome]:
        sizes.append(len(batch["requests"]))
        return book_batch(**batch)

    monkeypatch.setattr(company, "book_batch", note)
    return sizes


@contextmanager
def crowd(event: Event, *calls: Callable[[], Booking]) -> Iterator[list["Future[Booking]"]]:
    """Each call in a thread of its own; their answers are ready in the block.

    Somebody else has the event's row until the first waits for it and all others stand in line.
    """
    answers: list[Future[Booking]] = []
    with ThreadPoolExecutor(len(calls)) as pool:
        with transaction.atomic():
            Event.objects.select_for_update().get(pk=event.pk)
            for number, call in enumerate(calls):
                answers.append(pool.submit(call))
                wait_until(partial(has_in_line, event, number))
        yield answers


def booking(event: Event, user: User, language: str = "en") -> Callable[[], Booking]:
    """Books with the person's number as the correlation id."""
    request = BookingRequest(user_id=user.pk, quantity=1)

    def call() -> Booking:
        correlation_id.set(str(user.pk))
        try:
            with translation.override(language):
                return book_in_company(event_id=event.pk, request=request, now=datetime.now(UTC))
        finally:
            connections.close_all()

    return lambda: copy_context().run(call)


def has_in_line(event: Event, number: int) -> bool:
    return len(company._lines.get(event.pk, "nobody books")) == number


def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_who_waits_is_booked_together(batches: list[int]) -> None:
    event, users = make_event(), make_users(8)
    with crowd(event, *(booking(event, user) for user in users)) as answers:
        buyers = [answer.result().user_id for answer in answers]
    assert buyers == [user.pk for user in users]
    assert batches == [1, 7]
    assert claimed_seats(event) == 8
    assert is_sound(event)


def test_who_came_first_has_the_seat_and_each_is_told_in_their_language() -> None:
    event = make_event(capacity=2)
    languages = ["en", "en", "de", "en"]
    calls = map(booking, [event] * 4, make_users(4), languages)
    with crowd(event, *calls) as answers:
        first, second, third, fourth = [answer.exception() for answer in answers]
    assert (first, second) == (None, None)
    assert isinstance(third, SoldOut)
    assert "ausverkauft" in str(third)
    assert "sold out" in str(fourth)


def test_what_fails_fails_for_all_of_the_party_and_for_nobody_after_it(monkeypatch: Patch) -> None:
    event, [before, *party, after] = make_event(), make_users(5)

    def refuse_parties(**batch: Any) -> list[Outcome]:
        if len(batch["requests"]) > 1:
            raise OperationalError("the disk is full")
        return book_batch(**batch)

    monkeypatch.setattr(company, "book_batch", refuse_parties)
    with crowd(event, *(booking(event, user) for user in (before, *party))) as answers:
        failures = [type(answer.exception()) for answer in answers]
    assert failures == [type(None)] + [OperationalError] * 3
    assert booking(event, after)().user_id == after.pk
    assert claimed_seats(event) == 2


def test_who_books_for_others_does_it_in_their_name(monkeypatch: Patch) -> None:
    heard: dict[UUID, str | None] = {}

    def hear(fact: BookingConfirmed) -> None:
        heard[fact.user_id] = correlation_id.get()

    monkeypatch.setitem(facts._subscribers, BookingConfirmed, [hear])
    event, users = make_event(), make_users(4)
    with crowd(event, *(booking(event, user) for user in users)):
        pass
    assert heard == {user.pk: str(user.pk) for user in users}


def test_an_event_is_forgotten_when_nobody_wants_it_any_more(batches: list[int]) -> None:
    events, users = [make_event(), make_event()], make_users(2)
    for event, user in zip(events, users, strict=True):
        booking(event, user)()
    assert batches == [1, 1]
    assert company._lines == {}
