"""Kept answers whose seat counts are corrected where they stand, instead of being made anew."""

import asyncio
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django_redis import get_redis_connection
from pytest_django import Settings

from bookings.services import cancel_booking
from evently.gateway import edge
from evently.gateway.edge import entries, slots
from evently.gateway.edge.slots import Texts, write_header
from evently.purging import NEWS_CHANNEL, News, pack_news, tag_of_event
from events.models import Event
from events.services import edit_event
from tests.caches.site import Answer, Clock, Site, Source, Visitor, hearing, until
from tests.makers import make_booking, make_event, make_organiser, make_user
from tests.promises import PATIENCE_SECONDS

KEPT = ("/", "/?search=jazz", "/events/{}/", "/api/v1/events", "/api/v1/events/{}")
in_thread = sync_to_async


@pytest.fixture(autouse=True)
def _catch_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "CATCH_UP_SECONDS", 0.0)


def seats_of(answer: Answer, event: Event) -> int:
    told = json.loads(answer.body)
    rows = told.get("results", [told])
    return int(next(row for row in rows if row["id"] == str(event.pk))["available_seats"])


async def shown(site: Site, event: Event, seats: int, **headers: str) -> None:
    """Wait until the kept answer says that so many seats are left."""
    address = f"/api/v1/events/{event.pk}"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while seats_of(await site.ask(address, **headers), event) != seats:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


# --- The site's own answers -----------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "de"])
async def test_seats_that_are_sold_are_written_into_what_is_kept(site: Site, language: str) -> None:
    event = await in_thread(make_event)(capacity=4_000)
    others = [await in_thread(make_event)(name=f"Jazz {number}") for number in range(3)]
    addresses = [address.format(event.pk) for address in KEPT]
    for address in addresses:
        await site.ask(address, accept_language=language)
    asked = len(site.asked)
    buyer = await in_thread(make_user)()
    booking = await in_thread(make_booking)(event, buyer, 3)
    await in_thread(make_booking)(others[1])
    await shown(site, event, 3_997, accept_language=language)
    now = datetime.now(UTC)
    await in_thread(cancel_booking)(reference=booking.reference, by=buyer, now=now)
    await shown(site, event, 4_000, accept_language=language)
    for address in addresses:
        kept = await site.ask(address, accept_language=language)
        fresh = await Visitor(site.django).ask(address, accept_language=language)
        assert kept.body == fresh.body, address
    assert len(site.asked) == asked


async def test_the_tag_of_an_event_is_its_version_in_every_encoding(site: Site) -> None:
    event = await in_thread(make_event)(description="Long. " * 300)
    address = f"/api/v1/events/{event.pk}"
    await site.ask(address)
    await in_thread(make_booking)(event)
    await shown(site, event, 99)
    plain, packed = await site.ask(address), await site.ask(address, accept_encoding="gzip")
    assert (plain.headers["etag"], packed.headers["etag"]) == ('"2"', 'W/"2"')
    assert gzip.decompress(packed.body) == plain.body
    assert (await site.ask(address, if_none_match='"2"')).status == 304
    assert (await site.ask(address, if_none_match='"1"')).status == 200
    assert len(site.asked) == 1


async def test_what_looks_different_when_few_are_left_is_asked_for_again(
    site: Site, clock: Clock
) -> None:
    event = await in_thread(make_event)(capacity=12)
    page = f"/events/{event.pk}/"
    await site.ask(page)
    await in_thread(make_booking)(event, quantity=8)
    [kept] = site.application._shelf.tagged(tag_of_event(event.pk))
    await until(lambda: kept._news)
    clock.advance(edge.GRACE_SECONDS)
    assert b'class="chip few-left"' in (await site.ask(page)).body
    assert len(site.asked) == 2


def test_slots_are_told_to_our_own_edge_alone(db: None, settings: Settings) -> None:
    address = f"/events/{make_event().pk}/"
    assert "Surrogate-Slots" in Client().get(address).headers
    settings.EDGE_CACHE = False
    assert "Surrogate-Slots" not in Client().get(address).headers


async def test_what_its_organiser_changes_is_asked_for_again(site: Site) -> None:
    owner = await in_thread(make_user)()
    event = await in_thread(make_event)(await in_thread(make_organiser)(owner))
    address = f"/api/v1/events/{event.pk}"
    await site.ask(address)
    await in_thread(edit_event)(
        event_id=event.pk,
        by=owner,
        changes={"capacity": 120, "name": "Later Jazz"},
        expected_version=1,
        now=datetime.now(UTC),
    )
    await shown(site, event, 120)
    assert json.loads((await site.ask(address)).body)["name"] == "Later Jazz"


# --- What the cache does with news, whatever the source -------------------------------------------

PAGE = b"<p>Seats: <b>10</b>, at 20 EUR.</p>"
START = PAGE.index(b"10")


def say(form: str, news: bytes) -> Texts:
    """Slots that hold the seats; the price is what else is shown."""
    told = json.loads(news)
    text = str(told["seats"]).encode()
    return Texts(told["version"], told["price"], [text], b'"%d"' % told["version"])


@pytest.fixture
def seats_are_told(everything_is_public: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "_reader", lambda: say)


def page_with_seats(**more: Any) -> Source:
    header = write_header([("event:1", "html", 7, "20", [(START, START + 2)])])
    return Source(
        body=PAGE, tags=b"event:1", headers=((b"surrogate-slots", header.encode()),), **more
    )


async def tell(visitor: Visitor, version: int, seats: int, price: str = "20") -> None:
    """Tell it as another process would, and wait until it was heard."""
    state = json.dumps({"version": version, "seats": seats, "price": price})
    message = pack_news({"event:1": News(version, state.encode())})
    heard = len(visitor.application._heard)
    await in_thread(get_redis_connection().publish)(NEWS_CHANNEL, message)
    await until(lambda: len(visitor.application._heard) > heard)


@pytest.mark.usefixtures("seats_are_told")
async def test_news_is_written_where_the_answer_says() -> None:
    visitor = await hearing(source := page_with_seats())
    first = await visitor.ask("/a")
    await tell(visitor, version=8, seats=9)
    second = await visitor.ask("/a")
    assert (first.body, second.body) == (PAGE, PAGE.replace(b"10", b"9"))
    assert second.headers["content-length"] == str(len(second.body))
    assert second.headers["etag"] != first.headers["etag"]
    assert not {name for name in second.headers if "surrogate" in name}
    assert source.number == 1


@pytest.mark.usefixtures("seats_are_told")
async def test_older_news_changes_nothing_whenever_it_comes() -> None:
    visitor = await hearing(page_with_seats())
    await visitor.ask("/a")
    await tell(visitor, version=9, seats=5)
    await tell(visitor, version=8, seats=6)
    assert b"<b>5</b>" in (await visitor.ask("/a")).body
    await tell(visitor, version=7, seats=7)
    assert b"<b>5</b>" in (await visitor.ask("/a")).body


@pytest.mark.usefixtures("seats_are_told")
async def test_news_that_comes_while_the_answer_is_made_is_in_it() -> None:
    visitor = await hearing(source := page_with_seats())
    source.gate = asyncio.Event()
    asking = asyncio.create_task(visitor.ask("/a"))
    await until(lambda: source.number == 1)
    await tell(visitor, version=8, seats=9)
    source.gate.set()
    assert b"<b>9</b>" in (await asking).body


@pytest.mark.usefixtures("seats_are_told")
@pytest.mark.parametrize("has_slots", [True, False])
async def test_what_shows_more_than_its_slots_say_is_out_of_date(
    monkeypatch: pytest.MonkeyPatch, has_slots: bool
) -> None:
    monkeypatch.setattr(edge, "GRACE_SECONDS", 0.0)
    source = page_with_seats() if has_slots else Source(body=PAGE, tags=b"event:1")
    visitor = await hearing(source)
    await visitor.ask("/a")
    await tell(visitor, version=8, seats=9, price="25" if has_slots else "20")
    await visitor.ask("/a")
    assert source.number == 2


@pytest.mark.usefixtures("seats_are_told")
async def test_a_hot_answer_is_corrected_some_times_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entries, "CATCH_UP_SECONDS", 60.0)
    visitor = await hearing(page_with_seats())
    await visitor.ask("/a")
    await tell(visitor, version=8, seats=9)
    assert b"<b>9</b>" in (await visitor.ask("/a")).body
    await tell(visitor, version=9, seats=8)
    assert b"<b>9</b>" in (await visitor.ask("/a")).body
    monkeypatch.setattr(entries, "CATCH_UP_SECONDS", 0.0)
    assert b"<b>8</b>" in (await visitor.ask("/a")).body
