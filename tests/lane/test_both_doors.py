"""What a booking is answered with, whichever door it came through."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.urls import reverse
from pytest_django import Settings

from bookings.lane.door import ExpressLane
from bookings.lane.reading import PATH
from bookings.locks import hold_booking_locks
from bookings.models import Booking
from evently.accounts.models import User
from evently.ids import new_id
from events.models import Event
from tests.gateway.asking import Reply, ask
from tests.lane.conftest import in_thread, token_of
from tests.makers import make_booking, make_event, make_user

pytestmark = pytest.mark.django_db(transaction=True)

Book = Callable[..., Awaitable[Reply]]


@pytest.fixture
def book(door: Any) -> Book:
    async def send(
        user: User, event_id: UUID, quantity: Any = 1, *, token: str = "", **headers: str
    ) -> Reply:
        own = {
            "authorization": f"Bearer {token or await in_thread(token_of)(user)}",
            "content-type": "application/json",
        }
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"event_id": str(event_id), "quantity": quantity}
        return await ask(door, PATH, method="POST", headers=own | named, body=body)

    return send


@in_thread
def a_user(**fields: Any) -> User:
    return make_user(**fields)


@in_thread
def an_event(**fields: Any) -> Event:
    return make_event(**fields)


@in_thread
def bookings_of(event: Event) -> list[Booking]:
    return list(Booking.objects.filter(event=event))


async def refused(reply: Reply, status: int, code: str, event: Event) -> dict[str, Any]:
    """The problem that says so, and nothing is booked."""
    assert (reply.status, reply.problem["code"]) == (status, code)
    assert await bookings_of(event) == []
    return reply.problem


def test_the_lane_stands_where_the_api_says_bookings_are_made() -> None:
    assert reverse("bookings") == PATH


async def test_seats_are_booked(book: Book) -> None:
    event, user = await an_event(price="12.50"), await a_user()
    reply = await book(user, event.pk, 3)
    [booking] = await bookings_of(event)
    shown = json.loads(reply.text)
    assert reply.status == 201
    assert reply.headers["location"] == f"{PATH}/{booking.reference}"
    assert (shown["reference"], shown["event_id"]) == (booking.reference, str(event.pk))
    assert (shown["quantity"], shown["unit_price"], shown["total"]) == (3, "12.50", "37.50")
    assert (shown["status"], booking.user_id) == ("confirmed", user.pk)


async def test_a_sold_out_event_says_how_many_are_left(book: Book) -> None:
    event = await an_event(capacity=2)
    problem = await refused(await book(await a_user(), event.pk, 3), 409, "sold-out", event)
    assert problem["available_seats"] == 2


async def test_a_second_booking_is_refused(book: Book) -> None:
    event, user = await an_event(), await a_user()
    await book(user, event.pk)
    reply = await book(user, event.pk)
    assert (reply.status, reply.problem["code"]) == (409, "already-booked")
    assert len(await bookings_of(event)) == 1


async def test_a_request_under_way_is_not_overtaken(book: Book) -> None:
    event, user = await an_event(), await a_user()
    with hold_booking_locks([(user.pk, event.pk)]):
        reply = await book(user, event.pk)
    await refused(reply, 409, "booking-in-progress", event)
    assert reply.headers["retry-after"] == "1"
    assert "same Idempotency-Key" in reply.problem["detail"]


async def test_a_repeated_request_gets_the_first_answer_while_the_lock_is_held(book: Book) -> None:
    """As after a crash: the answer is kept, and the lock was not given back."""
    event, user = await an_event(), await a_user()
    first = await book(user, event.pk, idempotency_key="click")
    with hold_booking_locks([(user.pk, event.pk)]):
        again = await book(user, event.pk, idempotency_key="click")
        other = await book(user, event.pk, 2, idempotency_key="click")
        new = await book(user, event.pk, idempotency_key="another-click")
    assert (again.status, again.text) == (201, first.text)
    assert (other.status, other.problem["code"]) == (422, "idempotency-mismatch")
    assert (new.status, new.problem["code"]) == (409, "booking-in-progress")
    assert len(await bookings_of(event)) == 1


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "1", True, None, 10**12, 11])
async def test_a_number_of_seats_that_makes_no_sense_is_refused(book: Book, quantity: Any) -> None:
    event = await an_event(max_per_booking=10)
    problem = await refused(await book(await a_user(), event.pk, quantity), 400, "invalid", event)
    assert list(problem["errors"]) == ["quantity"]


async def test_an_unknown_event_and_a_draft_are_the_same_to_a_buyer(book: Book) -> None:
    draft, user = await an_event(status=Event.Status.DRAFT), await a_user()
    for event_id in (draft.pk, new_id()):
        await refused(await book(user, event_id), 404, "not-found", draft)


async def test_an_event_that_is_not_on_sale_is_closed(book: Book) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    for fields in ({"status": Event.Status.CANCELLED}, {"sales_start_at": later}):
        event = await an_event(**fields)
        await refused(await book(await a_user(), event.pk), 409, "event-closed", event)


async def test_a_repeated_request_gets_the_first_answer(book: Book) -> None:
    event, user = await an_event(), await a_user()
    first = await book(user, event.pk, 2, idempotency_key="click")
    again = await book(user, event.pk, 2, idempotency_key="click")
    other = await book(user, event.pk, 1, idempotency_key="click")
    assert (again.status, again.text) == (201, first.text)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers.keys() | other.headers.keys()
    assert (other.status, other.problem["code"]) == (422, "idempotency-mismatch")
    assert len(await bookings_of(event)) == 1


async def test_a_refusal_is_kept_for_retries_too(book: Book) -> None:
    event, user, lucky = await an_event(capacity=1), await a_user(), await a_user()
    booking = await in_thread(make_booking)(event, lucky)
    assert (await book(user, event.pk, idempotency_key="try")).status == 409
    await in_thread(booking.delete)()
    await in_thread(Event.objects.update)(available_seats=1)
    reply = await book(user, event.pk, idempotency_key="try")
    await refused(reply, 409, "sold-out", event)
    assert reply.headers["idempotent-replayed"] == "true"


async def test_the_answer_is_in_the_readers_language(book: Book) -> None:
    event = await an_event(capacity=1)
    await book(await a_user(), event.pk)
    english = await book(await a_user(), event.pk)
    german = await book(await a_user(), event.pk, accept_language="de-AT,de;q=0.9,en;q=0.5")
    assert english.problem["detail"] == "This event is sold out."
    assert german.problem["detail"] == "Diese Veranstaltung ist ausverkauft."
    assert (english.headers["content-language"], german.headers["content-language"]) == ("en", "de")


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
async def test_a_forged_token_is_refused(book: Book, token: str) -> None:
    event = await an_event()
    reply = await book(await a_user(), event.pk, token=token)
    await refused(reply, 401, "token-refused", event)
    assert reply.headers["www-authenticate"].startswith("Bearer")


async def test_a_caller_who_is_nobody_takes_no_thread_of_django(lane: ExpressLane) -> None:
    async def nobody_asks(*_: object) -> None:
        pytest.fail("Django was asked")

    lane.inner = nobody_asks
    user, event = await a_user(), await an_event()
    token = await in_thread(token_of)(user)
    await in_thread(user.token_families.all().delete)()
    body = {"event_id": str(event.pk), "quantity": 1}
    for shown in ("Bearer a.b.c", f"Bearer {token}x", f"Bearer {token}", "Basic eDp5", ""):
        headers = {"content-type": "application/json", "authorization": shown}
        reply = await ask(lane, PATH, method="POST", headers=headers, body=body)
        assert reply.status == 401, shown


async def test_a_token_ends_with_its_owners_rights(book: Book) -> None:
    """Switched off, with another password, logged out, or gone."""
    event = await an_event()
    for change in (
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: User.objects.filter(pk=user.pk).update(password="another"),
        lambda user: user.token_families.all().delete(),
        lambda user: user.delete(),
    ):
        user = await a_user()
        token = await in_thread(token_of)(user)
        await in_thread(change)(user)
        reply = await book(user, event.pk, token=token)
        await refused(reply, 401, "token-refused", event)


async def test_without_a_token_there_is_no_booking(door: Any) -> None:
    event = await an_event()
    body = {"event_id": str(event.pk), "quantity": 1}
    headers = {"content-type": "application/json"}
    reply = await ask(door, PATH, method="POST", headers=headers, body=body)
    await refused(reply, 401, "not-authenticated", event)


async def test_redis_is_not_needed(book: Book, settings: Settings) -> None:
    nowhere = {"LOCATION": "redis://127.0.0.1:9/0"}
    settings.CACHES = settings.CACHES | {"default": settings.CACHES["default"] | nowhere}
    event = await an_event()
    assert (await book(await a_user(), event.pk)).status == 201


async def test_a_page_of_another_site_may_read_the_answer_if_it_is_named(
    book: Book, settings: Settings
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    event = await an_event()
    ours = await book(await a_user(), event.pk, origin="https://app.example")
    theirs = await book(await a_user(), event.pk, origin="https://evil.example")
    assert ours.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-origin" not in theirs.headers
