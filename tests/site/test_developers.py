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
from tests.browser.server import collect_static, running_server
from tests.makers import make_event, make_user

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
    assert _answer(examples["refresh"], REFRESH=registered["refresh"])["access"]
    assert Booking.objects.count() == 1


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
