"""The page for developers; its examples are run as they are shown."""

import html
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from bookings.models import Booking
from events.facts import EventStateChanged
from events.live.hall import ALIVE
from events.live.messages import seats_message
from notifications.live.messages import (
    notice_message,
    offer_message,
    position_message,
    unread_message,
)
from notifications.models import Notice
from tests.browser.server import collect_static, running_server
from tests.makers import make_event, make_user
from tests.waitlist.people import cancel_one, make_entry, make_full_event, offer_of
from waitlist.queries import Place

pytestmark = pytest.mark.django_db(transaction=True)


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_it_lists_what_can_stand_in_the_way_of_a_booking(client: Client) -> None:
    page = text_of(client.get("/developers/"))
    for status, code in ((409, "sold-out"), (422, "idempotency-mismatch"), (503, "busy")):
        assert f"<td>{status}</td> <td> <code>{code}</code> </td>" in page
    assert 'href="/api/docs"' in page
    assert 'href="/api/schema"' in page


def test_the_example_books_what_is_on_sale(client: Client) -> None:
    make_event(available_seats=0)
    make_event(sales_start_at=datetime.now(UTC) + timedelta(days=1))
    assert "00000000-0000-0000-0000-000000000000" in text_of(client.get("/developers/"))
    event = make_event()
    assert str(event.pk) in text_of(client.get("/developers/"))


def test_a_token_is_made_with_a_click_and_shown_once(client: Client, settings: Settings) -> None:
    settings.ACCESS_TOKEN_LIFETIME = timedelta(minutes=7)
    user = make_user()
    client.force_login(user)
    assert "Make a token" in text_of(client.get("/developers/"))
    answer = client.post("/developers/token")
    page = text_of(answer)
    assert "works for 7 minutes" in page
    assert "within 14 days" in page
    assert "no-store" in answer.headers["Cache-Control"]
    found = re.search(r'id="access"[^>]*>([^<]+)<', page)
    assert found
    me = Client().get("/api/v1/auth/profile", headers={"Authorization": f"Bearer {found[1]}"})
    assert me.json()["email"] == user.email
    assert client.get("/developers/token").headers["Location"] == "/developers/"


def test_strangers_log_in_before_they_make_a_token(client: Client) -> None:
    page = text_of(client.get("/developers/"))
    assert "Make a token" not in page
    assert "/accounts/login/?next=/developers/%23token" in page
    answer = client.post("/developers/token")
    assert answer.headers["Location"] == "/accounts/login/?next=/developers/token"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A real server process on the test's own database."""
    collect_static(tmp_path)
    with running_server(STATIC_ROOT=str(tmp_path)) as host:
        yield f"http://{host}"


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl on this machine")
def test_the_examples_work_when_they_are_pasted(address: str) -> None:
    event = make_event()
    examples = _examples(_run(f"curl -s {address}/developers/"))
    registered = _answer(examples["register"])
    assert _answer(examples["login"])["user"] == registered["user"]
    listed = _answer(examples["list"])
    assert [found["id"] for found in listed["results"]] == [str(event.pk)]
    token = registered["access"]
    booked = _answer(examples["book"], TOKEN=token)
    assert booked["event_id"] == str(event.pk)
    assert _answer(examples["book"], TOKEN=token) == booked
    assert _answer(f"{sys.executable} - <<'END'\n{examples['python']}\nEND", TOKEN=token) == booked
    cancelled = _answer(examples["cancel"], TOKEN=token, REFERENCE=booked["reference"])
    assert cancelled["status"] == "cancelled"
    again = _answer(examples["cancel"], TOKEN=token, REFERENCE=booked["reference"])
    assert again == cancelled
    assert _first_line(examples["listen"], token) == {"type": "unread", "count": 2}
    assert _answer(examples["refresh"], REFRESH=registered["refresh"])["access"]
    assert Booking.objects.count() == 1


def test_the_messages_of_websockets_are_as_the_page_shows_them(client: Client) -> None:
    event = make_event()
    entry = make_entry(make_full_event(), make_user())
    notice = Notice.objects.filter(user=entry.user).select_related("event").get()
    place = Place(position=2, people_ahead=1, seats_ahead=4)
    cancel_one(entry.event)
    sent = [
        json.loads(ALIVE["text"]),
        seats_message(EventStateChanged.of(event)),
        unread_message(1),
        notice_message(notice),
        position_message(entry, place),
        offer_message(offer_of(entry)),
    ]
    page = client.get("/developers/").content.decode()
    shown = {
        name: json.loads(html.unescape(text))
        for name, text in re.findall(r'data-message="(\w+)"><code>(.*?)</code>', page, re.DOTALL)
    }
    assert shown.keys() == {message["type"] for message in sent} | {"presence", "auth"}
    for message in sent:
        assert shown[message["type"]].keys() == message.keys()


def _first_line(program: str, token: str) -> Any:
    """What a program that never ends prints first."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "TOKEN": token}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        running.kill()
    return json.loads(line)


def _examples(page: str) -> dict[str, str]:
    found = re.findall(r'data-example="(\w+)"><code>(.*?)</code>', page, re.DOTALL)
    return {name: html.unescape(command) for name, command in found}


def _answer(command: str, **variables: str) -> Any:
    return json.loads(_run(command, **variables))


def _run(command: str, **variables: str) -> str:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **variables}
    return subprocess.run(
        ["bash", "-c", command], env=environment, check=True, capture_output=True, text=True
    ).stdout
