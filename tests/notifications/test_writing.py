"""Notices are written with the change that they tell of: cheaply, and once."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from bookings.facts import BookingConfirmed
from bookings.models import Booking
from bookings.services import BookingRequest, book_batch, cancel_booking
from evently import facts
from evently.accounts.addresses import mark_verified
from evently.accounts.facts import AddressVerified
from evently.accounts.models import User
from evently.facts import publish
from evently.ids import new_id
from evently.transactions import unit_of_work
from events.models import Event
from notifications.models import Kind, Notice
from notifications.writing import Telling, tell_confirmed, write_notices
from tests.makers import PASSWORD, make_booking, make_event, make_user, make_users
from waitlist.facts import EntryJoined, OfferEnded, OfferMade

pytestmark = pytest.mark.django_db
NEWCOMER = {"email": "new@example.com", "name": "Nia"}


def statements_of_a_batch(event: Event, people: list[User]) -> int:
    requests = [BookingRequest(user_id=person.pk, quantity=1) for person in people]
    with CaptureQueriesContext(connection) as queries:
        outcomes = book_batch(event_id=event.pk, requests=requests, now=datetime.now(UTC))
    assert all(isinstance(outcome, Booking) for outcome in outcomes)
    return len(queries)


def test_a_batch_of_a_hundred_bookings_costs_one_statement_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = make_event(capacity=1_000)
    with_notices = statements_of_a_batch(event, make_users(100))
    assert Notice.objects.filter(kind=Kind.BOOKING_CONFIRMED).count() == 100
    others = [write for write in facts._scribes[BookingConfirmed] if write != tell_confirmed]
    monkeypatch.setitem(facts._scribes, BookingConfirmed, others)
    assert with_notices == statements_of_a_batch(event, make_users(100)) + 1


def test_a_booking_and_its_cancellation_are_told_to_whoever_booked() -> None:
    booking = make_booking(make_event())
    cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))
    told = Notice.objects.order_by("id").values_list("kind", "user", "event", "about")
    assert list(told) == [
        (Kind.BOOKING_CONFIRMED, booking.user_id, booking.event_id, booking.pk),
        (Kind.BOOKING_CANCELLED, booking.user_id, booking.event_id, booking.pk),
    ]


def test_what_is_rolled_back_was_never_told() -> None:
    person = make_user()
    with suppress(ZeroDivisionError), unit_of_work():
        publish(AddressVerified(person.pk))
        raise ZeroDivisionError
    assert not Notice.objects.exists()


def test_telling_twice_is_telling_once() -> None:
    person = make_user()
    for _ in range(2):
        with unit_of_work():
            write_notices(
                Kind.WELCOME, [Telling(user_id=person.pk, event_id=None, about=person.pk)]
            )
    assert Notice.objects.count() == 1


def test_news_of_the_waitlist_is_told_to_whom_it_concerns() -> None:
    event, person = make_event(), make_user()
    entry, offer, declined = new_id(), new_id(), new_id()
    soon = datetime.now(UTC) + timedelta(minutes=10)
    with unit_of_work():
        publish(EntryJoined(entry, event.pk, person.pk, 2))
        publish(OfferMade(offer, entry, event.pk, person.pk, 2, Decimal(20), "EUR", soon))
        publish(OfferEnded(offer, entry, event.pk, person.pk, "lapsed"))
        publish(OfferEnded(declined, entry, event.pk, person.pk, "declined"))
    told = Notice.objects.filter(user=person, event=event).values_list("kind", "about")
    assert set(told) == {
        (Kind.WAITLIST_JOINED, entry),
        (Kind.WAITLIST_OFFER, offer),
        (Kind.OFFER_PASSED, offer),
    }


def verify_newcomer() -> None:
    """As if the person had followed the link that was mailed."""
    with unit_of_work():
        mark_verified(User.objects.get(), email=NEWCOMER["email"], now=datetime.now(UTC))


def test_who_registers_as_a_program_is_welcomed_once_verified_in_the_language_asked_in(
    api: APIClient,
) -> None:
    answer = api.post(
        "/api/v1/auth/register",
        NEWCOMER | {"password": PASSWORD},
        headers={"accept-language": "de"},
    )
    assert answer.status_code == 201
    assert not Notice.objects.exists()
    verify_newcomer()
    welcome = Notice.objects.get()
    assert (welcome.kind, welcome.user.email, welcome.language) == (
        Kind.WELCOME,
        "new@example.com",
        "de",
    )


def test_who_signs_up_on_the_page_is_welcomed_once_verified(client: Client) -> None:
    answer = client.post("/accounts/signup/", NEWCOMER | {"password1": PASSWORD})
    assert answer.status_code == 302
    assert not Notice.objects.exists()
    verify_newcomer()
    welcome = Notice.objects.get()
    assert (welcome.kind, welcome.user.email, welcome.language) == (
        Kind.WELCOME,
        "new@example.com",
        "en",
    )


def test_a_person_is_written_to_in_the_language_of_the_last_log_in(client: Client) -> None:
    person = make_user()
    form = {"login": person.email, "password": PASSWORD}
    client.post("/accounts/login/", form, headers={"accept-language": "de"})
    booking = make_booking(make_event(), person)
    assert Notice.objects.get(about=booking.pk).language == "de"
