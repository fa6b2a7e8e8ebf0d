"""Who may call what: every endpoint and method of the API, for ten people.

The table must name all that the URL configuration has; a new endpoint without an entry fails.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.test import APIClient

from bookings.models import Booking
from evently.accounts.models import User
from evently.idempotency.models import KeptAnswer
from events.models import Event, Membership, Organiser
from notifications.models import Broadcast, Notice, Preference
from tests.api.people import MEMBERS, ROLES, Call, World, make_line_world, make_world
from tests.makers import PASSWORD, make_booking
from waitlist.models import Entry, Offer, Waitlist

pytestmark = pytest.mark.django_db

METHODS = ("get", "post", "put", "patch", "delete")
SOON = (datetime.now(UTC) + timedelta(days=9)).isoformat()
LATER = (datetime.now(UTC) + timedelta(days=10)).isoformat()


def everybody(status: int, **but: int) -> dict[str, int]:
    return dict.fromkeys(ROLES, status) | but


def editors(status: int, *, members: int, others: int, **but: int) -> dict[str, int]:
    """Owner, manager and staff may, other members may not; anonymous people must log in first.

    Who works for another event only is one of the others.
    """
    expected = everybody(others, anonymous=401) | dict.fromkeys(MEMBERS, members)
    return expected | dict.fromkeys(("owner", "manager", "staff"), status) | but


def new_event(world: World) -> dict[str, Any]:
    return {
        "organiser_id": str(world.organiser.pk),
        "name": "Matinée",
        "starts_at": SOON,
        "ends_at": LATER,
        "capacity": 5,
    }


def event_path(name: str) -> Any:
    return lambda world: reverse(name, args=[world.event.pk])


def draft_path(name: str) -> Any:
    return lambda world: reverse(name, args=[world.draft.pk])


def booking_path(name: str) -> Any:
    return lambda world: reverse(name, args=[world.booking.reference])


def notice_path(name: str) -> Any:
    """Of the notice that tells the buyer of the booking."""
    return lambda world: reverse(name, args=[Notice.objects.get(about=world.booking.pk).pk])


def plain_path(name: str) -> Any:
    return lambda world: reverse(name)


def full_path(name: str) -> Any:
    return lambda world: reverse(name, args=[world.full.pk])


def offer_path(name: str) -> Any:
    return lambda world: reverse(name, args=[world.offer_token])


def forged_path(name: str) -> Any:
    """The link with another signature."""
    return lambda world: reverse(name, args=[f"{world.offer_token[:-1]}-"])


IF_MATCH = {"If-Match": '"1"'}
CALLS = [
    Call(
        "POST",
        "register",
        plain_path("register"),
        everybody(201),
        lambda world: {"email": "new@example.com", "password": PASSWORD},
    ),
    Call(
        "POST",
        "login",
        plain_path("login"),
        everybody(200),
        lambda world: {"email": world.people["buyer"].email, "password": PASSWORD},
    ),
    Call(
        "POST",
        "refresh",
        plain_path("refresh"),
        everybody(200),
        lambda world: {"refresh": world.spare_tokens.refresh},
    ),
    Call(
        "POST",
        "logout",
        plain_path("logout"),
        everybody(204),
        lambda world: {"refresh": world.spare_tokens.refresh},
    ),
    Call("GET", "profile", plain_path("profile"), everybody(200, anonymous=401)),
    Call(
        "PATCH",
        "profile",
        plain_path("profile"),
        everybody(200, anonymous=401),
        lambda world: {"name": "Renamed"},
    ),
    Call("GET", "organisers", plain_path("organisers"), everybody(200, anonymous=401)),
    Call(
        "POST",
        "organisers",
        plain_path("organisers"),
        everybody(201, anonymous=401),
        lambda world: {"name": "New Team"},
    ),
    Call("GET", "events", plain_path("events"), everybody(200)),
    Call(
        "POST",
        "events",
        plain_path("events"),
        editors(201, members=403, others=404, one_event=403),
        new_event,
    ),
    Call("GET", "popular-events", plain_path("popular-events"), everybody(200)),
    Call("GET", "event", event_path("event"), everybody(200)),
    Call(
        "GET",
        "event",
        draft_path("event"),
        editors(200, members=200, others=404, anonymous=404),
    ),
    Call(
        "PATCH",
        "event",
        event_path("event"),
        editors(200, members=403, others=403),
        lambda world: {"name": "Renamed"},
        IF_MATCH,
    ),
    Call(
        "PATCH",
        "event",
        draft_path("event"),
        editors(200, members=403, others=404),
        lambda world: {"name": "Renamed"},
        IF_MATCH,
    ),
    Call("DELETE", "event", event_path("event"), editors(409, members=403, others=403)),
    Call("DELETE", "event", draft_path("event"), editors(204, members=403, others=404)),
    Call("POST", "cancel-event", event_path("cancel-event"), editors(200, members=403, others=403)),
    Call("POST", "cancel-event", draft_path("cancel-event"), editors(409, members=403, others=404)),
    Call("GET", "bookings", plain_path("bookings"), everybody(200, anonymous=401)),
    Call(
        "POST",
        "bookings",
        plain_path("bookings"),
        everybody(201, buyer=409, anonymous=401),
        lambda world: {"event_id": str(world.event.pk), "quantity": 1},
    ),
    Call(
        "POST",
        "bookings",
        plain_path("bookings"),
        everybody(404, anonymous=401),
        lambda world: {"event_id": str(world.draft.pk), "quantity": 1},
    ),
    Call(
        "GET",
        "booking",
        booking_path("booking"),
        everybody(200, door=404, one_event=404, stranger=404, anonymous=401),
    ),
    Call(
        "POST",
        "cancel-booking",
        booking_path("cancel-booking"),
        everybody(
            200, finance=403, viewer=403, door=404, one_event=404, stranger=404, anonymous=401
        ),
    ),
    Call("POST", "verification", plain_path("verification"), everybody(202, anonymous=401)),
    Call(
        "POST",
        "confirmation",
        plain_path("confirmation"),
        everybody(410, anonymous=401),
        lambda world: {"token": "forged"},
    ),
    Call("GET", "waitlist", full_path("waitlist"), everybody(404, buyer=200, anonymous=401)),
    Call(
        "POST",
        "waitlist",
        full_path("waitlist"),
        everybody(201, buyer=409, anonymous=401),
        lambda world: {"quantity": 1},
    ),
    Call(
        "POST",
        "waitlist",
        draft_path("waitlist"),
        everybody(404, anonymous=401),
        lambda world: {"quantity": 1},
    ),
    Call("DELETE", "waitlist", full_path("waitlist"), everybody(404, buyer=204, anonymous=401)),
    Call(
        "POST",
        "accept-offer",
        offer_path("accept-offer"),
        everybody(404, buyer=201, anonymous=401),
    ),
    Call("POST", "accept-offer", forged_path("accept-offer"), everybody(404, anonymous=401)),
    Call(
        "POST",
        "decline-offer",
        offer_path("decline-offer"),
        everybody(404, buyer=204, anonymous=401),
    ),
    Call("POST", "decline-offer", forged_path("decline-offer"), everybody(404, anonymous=401)),
    Call(
        "GET",
        "waitlist-stats",
        event_path("waitlist-stats"),
        everybody(403, anonymous=401) | dict.fromkeys((*MEMBERS, "staff"), 200),
    ),
    Call(
        "GET",
        "waitlist-stats",
        draft_path("waitlist-stats"),
        everybody(404, anonymous=401) | dict.fromkeys((*MEMBERS, "staff"), 200),
    ),
    Call(
        "POST",
        "process-waitlist",
        event_path("process-waitlist"),
        editors(200, members=403, others=403),
    ),
    Call(
        "POST",
        "process-waitlist",
        draft_path("process-waitlist"),
        editors(200, members=403, others=404),
    ),
    Call("GET", "notifications", plain_path("notifications"), everybody(200, anonymous=401)),
    Call(
        "POST",
        "read-notification",
        notice_path("read-notification"),
        everybody(404, buyer=200, anonymous=401),
    ),
    Call(
        "GET",
        "notification-preferences",
        plain_path("notification-preferences"),
        everybody(200, anonymous=401),
    ),
    Call(
        "PATCH",
        "notification-preferences",
        plain_path("notification-preferences"),
        everybody(200, anonymous=401),
        lambda world: {"welcome": {"mail": False}},
    ),
    Call(
        "GET",
        "notification-stats",
        plain_path("notification-stats"),
        everybody(403, staff=200, anonymous=401),
    ),
    Call(
        "POST",
        "broadcast",
        event_path("broadcast"),
        editors(202, members=403, others=403),
        lambda world: {"subject": "Doors", "body": "They open at seven."},
    ),
    Call(
        "POST",
        "broadcast",
        draft_path("broadcast"),
        editors(409, members=403, others=404),
        lambda world: {"subject": "Doors", "body": "They open at seven."},
    ),
]


def endpoints(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and name of everything under /api/v1/."""
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from endpoints(entry, route)
        elif isinstance(entry, URLPattern) and route.startswith("api/v1/"):
            view = getattr(entry.callback, "view_class", None)
            assert view, f"{route} is no class-based view"
            yield from ((m.upper(), str(entry.name)) for m in METHODS if hasattr(view, m))


def state() -> list[Any]:
    """Everything that a refused call must leave as it is."""
    models = (
        User,
        Organiser,
        Membership,
        Event,
        Booking,
        KeptAnswer,
        Entry,
        Offer,
        Waitlist,
        Notice,
        Preference,
        Broadcast,
    )
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def test_the_table_names_every_endpoint() -> None:
    assert {(call.method, call.name) for call in CALLS} == set(endpoints(get_resolver()))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "call", CALLS, ids=lambda call: f"{call.method}-{call.name}-{CALLS.index(call)}"
)
def test_only_those_who_may_are_let_in(call: Call, role: str) -> None:
    world = make_line_world()
    before = state()
    answer = call.send(world, role)
    assert answer.status_code == call.expected[role], answer.content
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
        assert state() == before
    if answer.status_code in {403, 404}:
        for secret in ("Secret Plan", world.booking.reference, world.people["buyer"].email):
            assert secret not in answer.content.decode()


def test_drafts_are_listed_to_their_team_alone() -> None:
    world = make_world()
    query = {"organiser": str(world.organiser.pk)}
    listed = {
        role: {
            event["name"]
            for event in world.client(role).get(reverse("events"), query).data["results"]
        }
        for role in ROLES
    }
    insiders = {*MEMBERS, "staff"}
    assert {role for role, names in listed.items() if "Secret Plan" in names} == insiders


def test_lists_show_only_what_is_the_callers(api: APIClient) -> None:
    world = make_world()
    stranger = world.client("stranger")
    assert stranger.get(reverse("bookings")).data["results"] == []
    assert [team["name"] for team in stranger.get(reverse("organisers")).data["results"]] == [
        "Another Team"
    ]


def test_a_team_of_others_cannot_be_given_an_event_by_its_viewer_or_a_stranger() -> None:
    world = make_world()
    for role in ("viewer", "stranger", "buyer"):
        world.client(role).post(reverse("events"), new_event(world))
    assert Event.objects.filter(organiser=world.organiser).count() == 3


def test_who_works_for_one_event_changes_it_and_its_bookings() -> None:
    world = make_world()
    client, booking = world.client("one_event"), make_booking(world.aside)
    path = reverse("event", args=[world.aside.pk])
    tag = client.get(path)["ETag"]
    edited = client.patch(path, {"name": "Smaller Talk"}, headers={"If-Match": tag})
    assert edited.data["name"] == "Smaller Talk"
    assert client.get(reverse("booking", args=[booking.reference])).status_code == 200
    cancelled = client.post(reverse("cancel-booking", args=[booking.reference]))
    assert cancelled.data["status"] == "cancelled"


def test_who_works_for_one_event_has_no_team_to_add_events_to() -> None:
    world = make_world()
    event = {name: value for name, value in new_event(world).items() if name != "organiser_id"}
    client = world.client("one_event")
    answer = client.post(reverse("events"), event)
    assert list(answer.json()["errors"]) == ["organiser_id"]
    assert [team["name"] for team in client.get(reverse("organisers")).data["results"]] == [
        world.organiser.name
    ]
