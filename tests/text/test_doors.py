"""Every door stores the same clean text, and refuses the same characters."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from evently.accounts.models import User
from events.importing import Defaults, parse_file
from events.models import Event, Organiser
from events.services import import_events
from notifications.models import Broadcast
from tests.admin.world import ADD_EVENT, World, entries, make_world, new_event, page
from tests.api.shapes import assert_invalid
from tests.conftest import client_of

pytestmark = pytest.mark.django_db

WRITTEN = "Even\u200btly\r\nBcc: Cafe\u0301\u2069"
STORED = "Evently Bcc: Café"
TURNED = "Jazz\u202eznuJ"
EVENT = {
    "starts_at": "2090-06-01T19:00:00Z",
    "ends_at": "2090-06-01T21:00:00Z",
    "capacity": 10,
}


@pytest.fixture
def world() -> World:
    return make_world()


Door = Callable[[World, str], tuple[Model, str]]


def api_event(world: World, name: str) -> Any:
    body = {**EVENT, "name": name, "organiser_id": str(world.organiser.pk)}
    return client_of(world.people["owner"]).post(reverse("events"), body)


def api_venue(world: World, venue: str) -> Any:
    owner, path = client_of(world.people["owner"]), reverse("event", args=[world.event.pk])
    return owner.patch(path, {"venue": venue}, headers={"If-Match": owner.get(path)["ETag"]})


def api_organiser(world: World, name: str) -> Any:
    return client_of(world.people["owner"]).post(reverse("organisers"), {"name": name})


def api_profile(world: World, name: str) -> Any:
    return client_of(world.people["owner"]).patch(reverse("profile"), {"name": name})


def api_broadcast(world: World, subject: str) -> Any:
    body = {"subject": subject, "body": "Come early."}
    owner = client_of(world.people["owner"])
    return owner.post(reverse("broadcast", args=[world.event.pk]), body)


API: dict[Callable[[World, str], Any], str] = {
    api_event: "name",
    api_venue: "venue",
    api_organiser: "name",
    api_profile: "name",
    api_broadcast: "subject",
}


@pytest.mark.parametrize("call", API)
def test_the_api_answers_with_the_clean_text(world: World, call: Any) -> None:
    answer = call(world, WRITTEN)
    assert answer.status_code in {200, 201, 202}, answer.content
    assert answer.json()[API[call]] == STORED


@pytest.mark.parametrize("call", API)
@pytest.mark.parametrize("text", [TURNED, "Jazz\0", "\u200b\u3164"], ids=ascii)
def test_the_api_refuses_what_deceives_or_shows_nothing(world: World, call: Any, text: str) -> None:
    if call is api_venue and text == "\u200b\u3164":
        text = TURNED  # an event may be without a place
    before = Event.objects.count(), Organiser.objects.count(), Broadcast.objects.count()
    errors = assert_invalid(call(world, text), API[call])
    if text == TURNED:
        assert "U+202E" in errors[API[call]][0]
    assert before == (
        Event.objects.count(),
        Organiser.objects.count(),
        Broadcast.objects.count(),
    )


def test_lengths_are_counted_once_the_text_is_clean(world: World) -> None:
    assert api_event(world, "e\u0301" * 200).status_code == 201
    assert api_event(world, "\u200b" * 50 + "x" * 200).status_code == 201
    assert_invalid(api_event(world, "x" * 201), "name")


def test_the_event_form_cleans_and_refuses(world: World) -> None:
    owner = world.at("owner")
    description = "One\r\ntwo\u200b"
    sent = new_event(world.organiser, name=WRITTEN.replace("\r\n", " "), description=description)
    assert owner.post(ADD_EVENT, sent).status_code == 302
    event = Event.objects.get(name=STORED)
    assert event.description == "One\ntwo"
    answer = owner.post(page(event), entries(event, venue=TURNED))
    assert answer.status_code == 200
    assert "U+202E" in answer.content.decode()


def test_the_forms_of_team_person_and_message_clean_and_refuse(world: World) -> None:
    owner = world.at("owner")
    team = page(world.organiser)
    owner.post(team, {"name": "Blue\u200b Note"})
    world.organiser.refresh_from_db()
    assert world.organiser.name == "Blue Note"
    assert "U+202E" in owner.post(team, {"name": TURNED}).content.decode()

    assert owner.post("/accounts/profile/", {"name": "A\u00add\u2067a"}).status_code == 302
    world.people["owner"].refresh_from_db()
    assert world.people["owner"].name == "Ada"
    assert "U+202E" in owner.post("/accounts/profile/", {"name": TURNED}).content.decode()

    address = reverse("admin:events_event_broadcast", args=[world.event.pk])
    message = {"audience": "booked", "subject": "Hi\u2066", "body": "One\r\n\r\nTwo\u200b"}
    owner.post(address, message | {"button": "send"})
    sent = Broadcast.objects.get()
    assert (sent.subject, sent.body) == ("Hi", "One\n\nTwo")
    assert "U+202E" in owner.post(address, message | {"subject": TURNED}).content.decode()


def test_signing_up_cleans_and_refuses_the_name() -> None:
    person = {"email": "new@example.com", "password1": "correct horse battery 9"}
    answer = Client().post("/accounts/signup/", person | {"name": TURNED})
    assert "U+202E" in answer.content.decode()
    answer = Client().post("/accounts/signup/", person | {"name": "New\u200b Person"})
    assert answer.status_code == 302
    assert User.objects.get(email="new@example.com").name == "New Person"


def test_an_import_cleans_and_refuses_by_line(world: World) -> None:
    good, bad = "Even\u200btly,Cafe\u0301,2090-06-01 19:00", f"{TURNED},,2090-06-01 19:00"
    text = f"name,venue,starts_at\n{good}\n{bad}\n"
    defaults = Defaults(timezone="UTC", capacity=5, price=Decimal(0), currency="EUR")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    parsed = parse_file(text.encode(), filename="a.csv", defaults=defaults, now=now)
    options: dict[str, Any] = {"by": None, "publish": False, "partial": True, "now": now}
    report = import_events(organiser_id=world.organiser.pk, parsed=parsed, **options)
    assert [(bad.line, "U+202E" in bad.reason) for bad in report.bad] == [(3, True)]
    assert Event.objects.get(name="Evently").venue == "Café"


def test_what_no_form_asked_about_is_stored_clean_all_the_same(world: World) -> None:
    event = Event.objects.get(pk=world.event.pk)
    event.name = TURNED
    event.save()
    assert event.name == "JazzznuJ"
    Event.objects.filter(pk=event.pk).update(venue="A\x1bB\nC", description="A\r\nB\x00")
    event.refresh_from_db()
    assert (event.name, event.venue, event.description) == ("JazzznuJ", "AB C", "A\nB")
    Organiser.objects.bulk_create([Organiser(name="Bulk\u200b")])
    assert Organiser.objects.filter(name="Bulk").exists()
