"""What protects people in their browsers: caches, cookies, headers, origins; and security.txt."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings as configured
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from pytest_django import Settings

from evently.accounts.tokens import issue_tokens
from evently.site.sockets import NoForeignPages
from tests.makers import PASSWORD, make_booking, make_event, make_user

Answer = Any


# --- Nobody keeps what is personal ----------------------------------------------------------------


def addresses(patterns: list[Any], prefix: str = "/") -> Iterator[str]:
    """Every address of the URL configuration, with something that fits each place."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, prefix + filled(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + filled(pattern.pattern)


def filled(pattern: Any) -> str:
    """The pattern with values; of regular expressions as far as that goes."""
    text = str(pattern)
    for name, converter in pattern.converters.items():
        kind = type(converter).__name__
        value = str(UUID(int=7)) if "UUID" in kind.upper() else "7"
        for written in (f"<{kind.removesuffix('Converter').lower()}:{name}>", f"<{name}>"):
            text = text.replace(written, value)
    return text.replace("^", "").replace("$", "").replace("\\", "").replace("(?P<", "").lstrip("/")


@pytest.mark.django_db
def test_no_answer_to_somebody_who_is_known_is_kept() -> None:
    found = sorted(set(addresses(get_resolver().url_patterns)))
    assert len(found) > 100
    user = make_user(is_staff=True, is_superuser=True)
    client = Client()
    bearer = {"Authorization": f"Bearer {issue_tokens(user).access}"}
    kept: list[tuple[str, int]] = []
    for address in found:
        client.force_login(user)
        answers = [client.get(address), Client().get(address, headers=bearer)]
        kept += [
            (address, answer.status_code)
            for answer in answers
            if answer.headers.get("Cache-Control") != "no-store"
        ]
    assert kept == []


@pytest.mark.django_db(transaction=True)
def test_pages_with_something_on_them_are_not_kept_either() -> None:
    user, event = make_user(), make_event()
    booking = make_booking(event, user)
    client = Client()
    client.force_login(user)
    for address in (
        "/",
        "/bookings/",
        f"/bookings/{booking.reference}/",
        f"/events/{event.pk}/",
        "/accounts/profile/",
        "/notifications/",
        f"/api/v1/events/{event.pk}",
        "/api/v1/bookings",
    ):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), address


@pytest.mark.django_db
def test_the_answer_with_which_a_session_begins_is_not_kept() -> None:
    user = make_user()
    form = {"login": user.email, "password": PASSWORD}
    answer = Client().post("/accounts/login/", form)
    assert configured.SESSION_COOKIE_NAME in answer.cookies
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_public_pages_are_kept_for_strangers() -> None:
    assert Client().get("/").headers["Cache-Control"] == "private, no-cache"


# --- Headers and cookies --------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/nowhere", "/api/v1/events", "/accounts/login/"])
def test_pages_may_ask_nothing_of_the_browser(address: str) -> None:
    policy = Client().get(address).headers["Permissions-Policy"]
    for feature in ("camera", "microphone", "geolocation", "payment", "usb"):
        assert f"{feature}=()" in policy


def test_the_express_lane_sends_the_policy_too() -> None:
    from bookings.lane.answers import _always

    assert dict(_always())[b"permissions-policy"].decode() == configured.PERMISSIONS_POLICY


@pytest.mark.django_db
def test_no_page_changes_where_its_links_begin() -> None:
    assert "base-uri 'none'" in Client().get("/").headers["Content-Security-Policy"]


@pytest.mark.django_db
def test_cookies_belong_to_this_host_alone() -> None:
    """RFC 6265bis §4.1.3.2: Secure, for the whole site, and without a domain."""
    user, client = make_user(), Client()
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    names = {"__Host-sessionid", "__Host-csrftoken", "__Host-device"}
    assert names <= set(client.cookies)
    for name in names:
        cookie = client.cookies[name]
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
        assert cookie["samesite"] == "Lax"


# --- Origins of websockets ------------------------------------------------------------------------


async def opens(origin: str, **more: Any) -> bool:
    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})

    headers = [(b"host", more.pop("host", b"tickets.example.com")), *more.pop("headers", [])]
    if origin:
        headers.append((b"origin", origin.encode()))
    socket = WebsocketCommunicator(NoForeignPages(inner), "/ws/", headers=headers)
    socket.scope["scheme"] = more.pop("scheme", "wss")
    accepted, _ = await socket.connect(timeout=5)
    await socket.disconnect()
    return bool(accepted)


@pytest.fixture
def _our_host(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["tickets.example.com"]
    settings.SITE_URL = "https://tickets.example.com"
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example.com"]


@pytest.mark.usefixtures("_our_host")
@pytest.mark.parametrize(
    ("origin", "is_ours"),
    [
        ("", True),
        ("https://tickets.example.com", True),
        ("https://tickets.example.com:443", True),
        ("https://TICKETS.example.com", True),
        ("https://app.example.com", True),
        ("http://tickets.example.com", False),
        ("https://tickets.example.com:8443", False),
        ("https://evil.tickets.example.com", False),
        ("https://tickets.example.com.evil.example", False),
        ("https://tickets.example.com@evil.example", False),
        ("wss://tickets.example.com", False),
        ("https://tickets.example.com:port", False),
        ("https://[", False),
        ("null", False),
    ],
)
async def test_a_websocket_is_for_pages_of_the_same_scheme_host_and_port(
    origin: str, is_ours: bool
) -> None:
    assert await opens(origin) == is_ours


@pytest.mark.usefixtures("_our_host")
async def test_another_port_of_this_machine_is_another_site(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    asked: dict[str, Any] = {"host": b"localhost:8000", "scheme": "ws"}
    assert await opens("http://localhost:8000", **asked)
    assert not await opens("http://localhost:9000", **asked)
    assert not await opens("http://localhost", **asked)


@pytest.mark.usefixtures("_our_host")
async def test_behind_a_balancer_its_word_on_the_scheme_counts(settings: Settings) -> None:
    settings.SITE_URL = "https://elsewhere.example.com"
    over_tls = {"scheme": "ws", "headers": [(b"x-forwarded-proto", b"https")]}
    assert not await opens("https://tickets.example.com", **over_tls)
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert await opens("https://tickets.example.com", **over_tls)
    assert not await opens("http://tickets.example.com", **over_tls)


@pytest.mark.usefixtures("_our_host")
async def test_a_host_that_is_not_ours_makes_no_origin_ours() -> None:
    assert not await opens("https://evil.example", host=b"evil.example")


# --- security.txt ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_security_txt_names_whom_to_tell(settings: Settings) -> None:
    settings.SECURITY_CONTACT = ["security@example.com", "https://example.com/report"]
    settings.SITE_URL = "https://tickets.example.com"
    answer = Client().get("/.well-known/security.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = answer.content.decode().splitlines()
    assert lines[:2] == [
        "Contact: mailto:security@example.com",
        "Contact: https://example.com/report",
    ]
    assert "Canonical: https://tickets.example.com/.well-known/security.txt" in lines
    [expires] = [line.removeprefix("Expires: ") for line in lines if line.startswith("Expires: ")]
    left = datetime.fromisoformat(expires) - timezone.now()
    assert timedelta(days=30) < left < timedelta(days=365)


@pytest.mark.django_db
def test_without_a_contact_there_is_no_security_txt(settings: Settings) -> None:
    settings.SECURITY_CONTACT = []
    assert Client().get("/.well-known/security.txt").status_code == 404
