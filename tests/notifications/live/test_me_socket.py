"""The websocket of a person: who may open it, and what it says."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from pytest_django import Settings

from evently.accounts.models import User
from evently.accounts.tokens import issue_tokens, revoke_token
from notifications import consumers
from notifications.live import people, reading
from notifications.models import Kind, Notice
from notifications.services import read_all_notices
from notifications.telling import channel_of, line_channel_of, tell_people
from tests.events.live.sockets import hear, hear_until, in_thread, subscribers, until
from tests.makers import make_user
from tests.notifications.live.sockets import goodbye, knock, make_session, opened, page_of
from tests.promises import within
from tests.waitlist.people import cancel_one, make_entry, make_full_event, offer_of
from waitlist.services import decline_offer, leave_waitlist

pytestmark = [pytest.mark.django_db(transaction=True)]

new_user = in_thread(make_user)
new_full_event = in_thread(make_full_event)


def now() -> datetime:
    return datetime.now(UTC)


def change_password(user: User) -> None:
    user.set_password("another horse battery 8")
    user.save()


# --- Who may open it ------------------------------------------------------------------------------


async def test_a_person_is_greeted_with_the_number_of_unread_notices() -> None:
    user, event = await new_user(), await new_full_event()
    await in_thread(make_entry)(event, user)
    async with page_of(user) as socket:
        assert await hear(socket, "unread") == {"type": "unread", "count": 1}


async def test_a_program_shows_an_access_token_in_its_first_message() -> None:
    user = await new_user()
    tokens = await in_thread(issue_tokens)(user)
    async with opened() as socket:
        await socket.send_json_to({"type": "auth", "token": tokens.access})
        assert (await hear(socket, "unread"))["count"] == 0


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_a_program_shows_an_access_token_in_the_handshake(scheme: str) -> None:
    user, event = await new_user(), await new_full_event()
    await in_thread(make_entry)(event, user)
    tokens = await in_thread(issue_tokens)(user)
    async with opened(authorization=f"{scheme} {tokens.access}") as socket:
        assert (await hear(socket, "unread"))["count"] == 1


async def test_a_bearer_token_needs_no_origin_of_ours() -> None:
    tokens = await in_thread(issue_tokens)(await new_user())
    bearer, elsewhere = f"Bearer {tokens.access}", b"https://app.example"
    async with opened(origin=elsewhere, authorization=bearer) as socket:
        assert (await hear(socket, "unread"))["count"] == 0


async def test_a_bad_token_in_the_handshake_closes_the_socket() -> None:
    """Also with somebody's cookie beside it: a bad token does not fall back to the cookie."""
    user = await new_user()
    tokens, stale, ended = [await in_thread(issue_tokens)(user) for _ in range(3)]
    await in_thread(revoke_token)(ended.refresh)
    await in_thread(change_password)(user)
    session = await in_thread(make_session)(user)
    inactive = await new_user()
    of_inactive = await in_thread(issue_tokens)(inactive)
    inactive.is_active = False
    await inactive.asave()
    for token in (stale.access, ended.access, of_inactive.access, tokens.refresh, "forged", ""):
        for cookie, origin in (("", b"http://localhost"), (session, b"https://evil.example")):
            bearer = f"Bearer {token}"
            async with opened(cookie, origin=origin, authorization=bearer) as socket:
                assert await goodbye(socket) == 4401, token


async def test_another_scheme_lets_no_foreign_page_use_the_cookie() -> None:
    session = await in_thread(make_session)(await new_user())
    for other in ("Basic YWRhOnB3", "Bearers x"):
        socket = knock(session, origin=b"https://evil.example", authorization=other)
        accepted, _ = await socket.connect(timeout=5)
        assert not accepted, other


async def test_whoever_shows_no_good_token_is_sent_away() -> None:
    user = await new_user()
    tokens = await in_thread(issue_tokens)(user)
    stale = await in_thread(issue_tokens)(user)
    await in_thread(change_password)(user)
    first_words: list[Any] = [
        '{"type":"auth","token":"forged"}',
        f'{{"type":"auth","token":"{tokens.refresh}"}}',
        f'{{"type":"auth","token":"{stale.access}"}}',
        '{"type":"auth","token":7}',
        '{"type":"hello"}',
        "[]",
        "{",
        "x" * 5_000,
    ]
    for words in first_words:
        async with opened() as socket:
            await socket.send_to(text_data=words)
            assert await goodbye(socket) == 4401, words[:40]


async def test_silence_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "AUTH_PATIENCE_SECONDS", 0.05)
    async with opened() as socket:
        assert await goodbye(socket) == 4401


async def test_a_session_that_has_ended_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "AUTH_PATIENCE_SECONDS", 0.05)
    user = await new_user()
    session = await in_thread(make_session)(user)
    await in_thread(change_password)(user)
    async with opened(session) as socket:
        assert await goodbye(socket) == 4401


async def test_another_sites_page_is_refused_although_it_carries_the_cookie() -> None:
    session = await in_thread(make_session)(await new_user())
    accepted, _ = await knock(session, origin=b"https://evil.example").connect(timeout=5)
    assert not accepted


async def test_everybody_is_asked_again_who_they_are_after_a_while(settings: Settings) -> None:
    session = await in_thread(make_session)(await new_user())
    settings.ACCESS_TOKEN_LIFETIME = timedelta(seconds=0.1)
    async with opened(session) as socket:
        assert await goodbye(socket) == 1012


# --- What it says ---------------------------------------------------------------------------------


async def test_a_new_notice_is_said_with_its_title_and_the_way_to_it() -> None:
    user, event = await new_user(), await new_full_event(name="Late Jazz", capacity=2)
    async with page_of(user) as socket:
        await hear(socket, "unread")
        await in_thread(make_entry)(event, user)
        assert (await hear(socket, "unread"))["count"] == 1
        message = await hear(socket, "notice")
        notice = await Notice.objects.aget(user=user)
        assert message["kind"] == Kind.WAITLIST_JOINED
        assert message["title"] == "On the waitlist: Late Jazz"
        assert message["address"] == f"/notifications/{notice.pk}/"


async def test_a_notice_is_said_once_however_often_there_is_news() -> None:
    user, event = await new_user(), await new_full_event()
    async with page_of(user) as socket:
        await hear(socket, "unread")
        await in_thread(make_entry)(event, user)
        first = await hear(socket, "notice")
        await in_thread(cancel_one)(event)
        second = await hear(socket, "notice")
        assert (first["kind"], second["kind"]) == (Kind.WAITLIST_JOINED, Kind.WAITLIST_OFFER)


async def test_notices_of_before_are_counted_and_not_said() -> None:
    user, event = await new_user(), await new_full_event()
    await in_thread(make_entry)(event, user)
    async with page_of(user) as socket:
        assert (await hear(socket, "unread"))["count"] == 1
        await in_thread(cancel_one)(event)
        assert (await hear(socket, "notice"))["kind"] == Kind.WAITLIST_OFFER


async def test_all_pages_of_a_person_hear_that_everything_is_read() -> None:
    user, event = await new_user(), await new_full_event()
    await in_thread(make_entry)(event, user)
    async with page_of(user) as one, page_of(user) as other:
        await hear_until(one, "unread", count=1)
        await hear_until(other, "unread", count=1)
        await in_thread(read_all_notices)(user=user, now=now())
        await hear_until(one, "unread", count=0)
        await hear_until(other, "unread", count=0)


async def test_a_place_moves_when_somebody_ahead_leaves() -> None:
    event, user, ahead = await new_full_event(), await new_user(), await new_user()
    await in_thread(make_entry)(event, ahead)
    entry = await in_thread(make_entry)(event, user, 2)
    async with page_of(user) as socket:
        assert await hear(socket, "position") == {
            "type": "position",
            "event_id": str(event.pk),
            "entry_id": str(entry.pk),
            "status": "waiting",
            "position": 2,
            "people_ahead": 1,
            "seats_ahead": 1,
        }
        await in_thread(leave_waitlist)(event_id=event.pk, user=ahead, now=now())
        assert (await hear(socket, "position"))["position"] == 1


async def test_places_are_read_at_most_once_in_a_while_whatever_moves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(people, "READ_LINE_EVERY_SECONDS", 0.6)
    reads: list[float] = []

    def read(entry_ids: list[UUID]) -> Any:
        reads.append(time.monotonic())
        return reading.read_places(entry_ids)

    monkeypatch.setattr("notifications.live.people.read_places", read)
    event, user = await new_full_event(), await new_user()
    ahead = [await new_user() for _ in range(4)]
    for person in ahead:
        await in_thread(make_entry)(event, person)
    await in_thread(make_entry)(event, user)
    async with page_of(user) as socket:
        await hear_until(socket, "position", position=5)
        for person in ahead:
            await in_thread(leave_waitlist)(event_id=event.pk, user=person, now=now())
        await hear_until(socket, "position", position=1)
    assert all(later - sooner > 0.55 for sooner, later in pairwise(reads))


async def test_a_freed_seat_is_offered_on_the_waiting_persons_open_page_within_a_second() -> None:
    event, user = await new_full_event(price=Decimal("12.50")), await new_user()
    entry = await in_thread(make_entry)(event, user)
    async with page_of(user) as socket:
        await hear(socket, "position")
        with within(1):
            await in_thread(cancel_one)(event)
            message = await hear(socket, "offer")
        offer = await in_thread(offer_of)(entry)
        assert message["offer_id"] == str(offer.pk)
        assert message["address"].startswith("/waitlist/offers/")
        facts = {name: message[name] for name in ("status", "seats", "total", "currency")}
        assert facts == {"status": "open", "seats": 1, "total": "12.50", "currency": "EUR"}


async def test_an_offer_stands_on_every_page_that_is_opened_later() -> None:
    event, user = await new_full_event(), await new_user()
    await in_thread(make_entry)(event, user)
    await in_thread(cancel_one)(event)
    async with page_of(user) as socket:
        assert (await hear(socket, "offer"))["status"] == "open"


async def test_the_end_of_an_offer_and_of_a_place_is_said() -> None:
    event, user = await new_full_event(), await new_user()
    entry = await in_thread(make_entry)(event, user)
    async with page_of(user) as socket:
        await hear(socket, "position")
        await in_thread(cancel_one)(event)
        await hear_until(socket, "offer", status="open")
        offer = await in_thread(offer_of)(entry)
        await in_thread(decline_offer)(offer_id=offer.pk, user=user, now=now())
        await hear_until(socket, "offer", status="ended")


async def test_a_place_that_became_an_offer_is_no_place_any_more() -> None:
    event, user = await new_full_event(), await new_user()
    await in_thread(make_entry)(event, user)
    async with page_of(user) as socket:
        await hear(socket, "position")
        await in_thread(cancel_one)(event)
        gone = await hear(socket, "position")
        assert (gone["status"], gone["position"]) == ("ended", None)


async def test_nobody_hears_what_concerns_others() -> None:
    event, user, stranger = await new_full_event(), await new_user(), await new_user()
    async with page_of(stranger) as socket:
        await hear(socket, "unread")
        async with page_of(user) as own:
            await hear(own, "unread")
            await in_thread(make_entry)(event, user)
            await in_thread(cancel_one)(event)
            await hear(own, "offer")
        assert await socket.receive_nothing(timeout=0.5)


# --- What it costs --------------------------------------------------------------------------------


async def test_a_process_hears_a_person_once_and_no_longer_than_there_are_pages() -> None:
    event, user = await new_full_event(), await new_user()
    await in_thread(make_entry)(event, user)
    channels = channel_of(user.pk), line_channel_of(event.pk)
    async with page_of(user) as one, page_of(user) as other:
        await hear(one, "position")
        await hear(other, "position")
        assert subscribers(*channels) == [1, 1]
    await until(lambda: subscribers(*channels) == [0, 0])


async def test_what_a_hundred_people_hear_at_once_is_read_in_a_few_queries() -> None:
    users = [await new_user() for _ in range(5)]
    hall = people.the_people()
    visitors = [people.Visitor(hall, user.pk, _nowhere) for user in users]
    queries: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    def read(ids: set[UUID]) -> Any:
        with connection.execute_wrapper(count):
            return reading.read_people(ids)

    hall._inquiry._read = read
    await asyncio.gather(*(visitor.join() for visitor in visitors))
    assert len(queries) <= 5 * 2  # the first may have been asked before the others came
    for visitor in visitors:
        visitor.leave()


async def _nowhere(_: Any) -> None:
    """A websocket whose reader takes everything."""


async def test_news_for_somebody_who_is_not_here_asks_nothing_of_the_database() -> None:
    user, event = await new_user(), await new_full_event()
    async with page_of(user) as socket:
        await hear(socket, "unread")
        asked: list[Any] = []
        hall = people.the_people()
        real = hall._inquiry._read
        hall._inquiry._read = lambda ids: asked.append(ids) or real(ids)  # type: ignore[func-returns-value]
        tell_people([(await new_user()).pk])
        await in_thread(make_entry)(event, user)
        await hear(socket, "notice")
        assert all(ids == {user.pk} for ids in asked)
