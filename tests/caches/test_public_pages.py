"""The edge cache before the real site: what is public is kept, what is personal never is."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as configured
from django.db import connections
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from evently.accounts.models import User
from evently.accounts.tokens import issue_tokens
from evently.gateway import edge
from evently.purging import tag_of_event
from events import services
from events.live.newsroom import TICK_SECONDS
from events.models import Event
from tests.caches.site import Answer, Clock, Site
from tests.makers import make_booking, make_event, make_organiser, make_user
from tests.promises import PATIENCE_SECONDS

BACKEND = "evently.accounts.backends.AddressBackend"
PUBLIC = {
    "events:catalogue",
    "events:sitemap",
    "events:sitemap-section",
    "bookings:event",
    "bookings:developers",
    "events",
    "popular-events",
    "event",
}


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user, BACKEND)
    name = configured.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


@sync_to_async
def an_event(**fields: Any) -> Event:
    return make_event(**fields)


def public_addresses(event: Event) -> list[str]:
    return [
        "/",
        "/?search=jazz&when=week",
        f"/events/{event.pk}/",
        f"/events/{event.pk}/?seats=3",
        "/developers/",
        "/sitemap.xml",
        "/sitemap-events.xml",
        "/api/v1/events",
        f"/api/v1/events/{event.pk}",
        "/api/v1/events/popular?limit=3",
    ]


async def test_public_answers_are_kept(site: Site) -> None:
    event = await an_event()
    for address in public_addresses(event):
        answers = [await site.ask(address) for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 200], address
        assert answers[0].body == answers[1].body
        assert answers[1].headers["cache-control"] == "private, no-cache"
        assert "set-cookie" not in answers[1].headers
    assert len(site.asked) == len(public_addresses(event))


def test_no_other_view_is_public() -> None:
    def names(patterns: list[Any], space: str = "") -> Any:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inside = f"{pattern.namespace}:" if pattern.namespace else space
                yield from names(pattern.url_patterns, inside)
            elif isinstance(pattern, URLPattern) and hasattr(pattern.callback, "public_parameters"):
                yield f"{space}{pattern.name}"

    assert set(names(get_resolver().url_patterns)) == PUBLIC


async def test_a_thousand_visitors_at_once_cost_one_query(site: Site) -> None:
    event = await an_event()
    watched = await asyncio.wrap_future(site.django.threads.executor.submit(watch_here))
    answers = await asyncio.gather(*[site.ask(f"/api/v1/events/{event.pk}") for _ in range(1000)])
    assert {answer.status for answer in answers} == {200}
    assert len(site.asked) == 1
    found = [query["sql"] for query in watched.queries if "events_event" in query["sql"]]
    assert len(found) == 1


def watch_here() -> Any:
    """The connection of this thread, with its queries written down."""
    connection = connections["default"]
    connection.force_debug_cursor = True
    return connection


# --- Nothing personal -----------------------------------------------------------------------------


async def test_nobody_sees_the_page_of_somebody_else(site: Site) -> None:
    """Whoever comes first, and by whatever they are known."""
    user = await sync_to_async(make_user)("Mallory")
    event = await an_event(repeat_bookings_allowed=True)
    await sync_to_async(make_booking)(event, user)
    session = await sync_to_async(session_of)(user)
    page = f"/events/{event.pk}/"
    mine = await site.ask(page, cookie=session)
    theirs = await site.ask(page)
    again = await site.ask(page, cookie=f"a=b; {session}; django_language=en")
    assert b"Log out" in mine.body
    assert b"Log out" in again.body
    assert b"Log out" not in theirs.body
    assert b"csrfmiddlewaretoken" not in theirs.body
    assert b"csrfmiddlewaretoken" in mine.body
    assert b"You have" in mine.body
    assert b"You have" not in theirs.body


async def test_a_token_opens_what_is_its_owners_alone(site: Site) -> None:
    owner = await sync_to_async(make_user)()
    organiser = await sync_to_async(make_organiser)(owner)
    draft = await sync_to_async(make_event)(organiser, status=Event.Status.DRAFT, name="Secret")
    bearer = f"Bearer {(await sync_to_async(issue_tokens)(owner)).access}"
    for address in (f"/api/v1/events/{draft.pk}", f"/api/v1/events?organiser={organiser.pk}"):
        assert b"Secret" in (await site.ask(address, authorization=bearer)).body
        assert b"Secret" not in (await site.ask(address)).body
        assert b"Secret" in (await site.ask(address, authorization=bearer)).body


@pytest.mark.parametrize(
    "address", ["/api/v1/bookings", "/bookings/", "/admin/", "/accounts/login/", "/api/v1/nothing"]
)
async def test_private_addresses_are_not_kept(site: Site, address: str) -> None:
    bearer = await sync_to_async(lambda: issue_tokens(make_user()).access)()
    await site.ask(address, authorization=f"Bearer {bearer}")
    stranger = [await site.ask(address) for _ in range(2)]
    assert len(site.asked) == 3
    assert b"results" not in stranger[0].body
    assert len(site.application._shelf) == 0


async def test_a_form_keeps_the_secret_of_its_cookie(site: Site) -> None:
    """The log-in page is asked for with the visitor's own cookies."""
    first = await site.ask("/accounts/login/")
    cookie = first.headers["set-cookie"].split(";")[0]
    again = await site.ask("/accounts/login/", cookie=cookie)
    assert cookie.startswith(f"{configured.CSRF_COOKIE_NAME}=")
    assert cookie in again.headers.get("set-cookie", cookie)


async def test_a_message_that_waits_is_shown_to_its_reader_alone(site: Site) -> None:
    waiting = await site.ask("/", cookie="messages=nonsense")
    assert len(site.application._shelf) == 0
    assert (await site.ask("/")).status == waiting.status == 200
    assert len(site.asked) == 2


async def test_what_django_is_asked_names_nobody(site: Site) -> None:
    headers = {
        "cookie": "csrftoken=abc; tracking=me; django_language=de",
        "user_agent": "Mine",
        "x_request_id": "mine",
        "referer": "http://mine/",
        "if_none_match": '"mine"',
        "accept_language": "en-US,en;q=0.5",
        "accept_encoding": "gzip",
        "accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    }
    await site.ask("/", **headers)
    [scope] = site.asked
    assert dict(scope["headers"]) == {
        b"host": b"testserver",
        b"accept": b"*/*",
        b"accept-language": b"de",
    }


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({}, "en"),
        ({"accept_language": "de-AT,de;q=0.9"}, "de"),
        ({"accept_language": "fr"}, "en"),
        ({"accept_language": "de", "cookie": "django_language=en"}, "en"),
        ({"cookie": "csrftoken=x; django_language=de"}, "de"),
        ({"accept_language": "de", "cookie": "django_language=xx"}, "de"),
    ],
)
async def test_everybody_gets_their_language(
    site: Site, headers: dict[str, str], language: str
) -> None:
    for other in ("en", "de"):
        await site.ask("/", accept_language=other)
    answer = await site.ask("/", **headers)
    assert f'<html lang="{language}"'.encode() in answer.body
    assert len(site.asked) == 2
    assert "Accept-Language" in answer.headers["vary"]


async def test_another_sites_script_is_answered_by_django(site: Site) -> None:
    await site.ask("/api/v1/events")
    await site.ask("/api/v1/events", origin="https://elsewhere.example")
    assert len(site.asked) == 2


async def test_who_takes_no_json_is_told_so(site: Site) -> None:
    await site.ask("/api/v1/events")
    for accept in ("text/html", "image/png"):
        assert (await site.ask("/api/v1/events", accept=accept)).status == 406


async def test_a_foreign_host_is_refused(site: Site) -> None:
    await site.ask("/")
    assert (await site.ask("/", host="evil.example")).status == 400
    assert len(site.application._shelf) == 1


async def test_the_language_can_be_chosen_without_a_secret(site: Site) -> None:
    client = Client(enforce_csrf_checks=True)
    page = (await site.ask("/")).body.decode()
    assert "csrfmiddlewaretoken" not in page
    form = {"language": "de", "next": "/developers/"}
    answer = await sync_to_async(client.post)("/i18n/setlang/", form)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/developers/")
    assert client.cookies["django_language"].value == "de"


# --- What changes is seen -------------------------------------------------------------------------


async def until_seen(site: Site, clock: Clock, address: str, old: bytes) -> bytes:
    """The answer once it does not say `old` any more; the clock goes on so slowly meanwhile that
    nothing lapses by itself."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while old in (body := (await site.ask(address)).body):
            clock.advance(0.05)
            await asyncio.sleep(0.01)
    return body


async def test_what_a_team_changes_is_seen_at_once(site: Site, clock: Clock) -> None:
    owner = await sync_to_async(make_user)()
    organiser = await sync_to_async(make_organiser)(owner, "Old Team")
    event = await sync_to_async(make_event)(organiser, name="Old Name")
    names_team = [f"/events/{event.pk}/", f"/api/v1/events/{event.pk}", "/api/v1/events"]
    names_event = ["/", "/api/v1/events/popular?limit=3", *names_team]

    def edit() -> None:
        changes = {"name": "New Name"}
        services.edit_event(
            event_id=event.pk, by=owner, changes=changes, expected_version=1, now=datetime.now(UTC)
        )

    def rename() -> None:
        services.rename_organiser(organiser_id=organiser.pk, name="New Team", by=owner)

    def delete() -> None:
        services.delete_event(event_id=event.pk, by=owner)

    for change, shown, old, new in (
        (edit, names_event, b"Old Name", b"New Name"),
        (rename, names_team, b"Old Team", b"New Team"),
        (delete, names_event, b"New Name", b""),
    ):
        for address in shown:
            assert old in (await site.ask(address)).body, (change, address)
        await sync_to_async(change)()
        for address in shown:
            assert new in await until_seen(site, clock, address, old), (change, address)


# --- For how long ---------------------------------------------------------------------------------


def kept(site: Site) -> Any:
    [entry] = site.application._shelf.values()
    return entry


def seconds_of(site: Site) -> float:
    return float(kept(site).lapses_at - kept(site).born)


async def test_answers_are_kept_under_what_they_show(site: Site) -> None:
    event = await an_event()
    await site.ask("/api/v1/events")
    assert kept(site).tags == {"events", "everything", tag_of_event(event.pk)}
    assert seconds_of(site) == 300


async def test_a_page_is_not_kept_beyond_the_begin_of_the_sale(site: Site) -> None:
    event = await an_event(sales_start_at=datetime.now(UTC) + timedelta(seconds=20))
    for address in (f"/events/{event.pk}/", "/", f"/api/v1/events/{event.pk}"):
        site.application._empty()
        await site.ask(address)
        assert 15 <= seconds_of(site) <= 20


@pytest.mark.parametrize("address", ["/api/v1/events?available=true", "/?available=on"])
async def test_lists_of_what_can_be_booked_are_kept_for_a_second(site: Site, address: str) -> None:
    await site.ask(address)
    assert seconds_of(site) == 1


async def test_an_events_tag_and_version_stay_what_its_editor_names(site: Site) -> None:
    event = await an_event(description="long " * 500)
    address = f"/api/v1/events/{event.pk}"
    plain, packed = await site.ask(address), await site.ask(address, accept_encoding="gzip")
    assert plain.headers["etag"] == f'"{event.version}"'
    assert packed.headers["etag"] == f'W/"{event.version}"'
    known: Answer = await site.ask(address, if_none_match=plain.headers["etag"])
    assert (known.status, known.body) == (304, b"")
    assert len(site.asked) == 1


def test_the_grace_and_the_gathering_of_news_stay_under_a_second() -> None:
    assert edge.GRACE_SECONDS + TICK_SECONDS < 1


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/developers/", "/api/v1/events"])
def test_caches_elsewhere_are_told_to_keep_nothing_personal(address: str) -> None:
    """What is in front of us may heed the same header."""
    stranger, person = Client(), Client()
    person.force_login(make_user(), BACKEND)
    assert stranger.get(address).headers["Surrogate-Control"].startswith("max-age=")
    answer = person.get(address)
    assert not {"Surrogate-Control", "Surrogate-Key"} & set(answer.headers)
