"""Every address of the admin, taken from the URL configuration, asked by people it is not for.

A new address is covered as soon as it exists. When it has a part that `fill` does not know, the
test fails and says so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from bookings.models import Booking
from evently.accounts.models import User
from evently.history.models import Change
from evently.jobs.models import JobRun
from events.models import Event, InventoryAudit, Invitation, Membership, Organiser
from notifications.models import Broadcast, Delivery, Notice, Suppression
from tests.admin.world import FOREIGN_WORD, MARKERS, World, stored, text
from tests.thorough import IS_THOROUGH
from waitlist.models import Entry, Offer, Standing, Waitlist

pytestmark = [pytest.mark.django_db, pytest.mark.long]
RANDOM = UUID("00000000-0000-7000-8000-00000000e5e5")
# Members of another team; `one_event` works for one event of it. The owner may do all that the
# others may.
MEMBERS = ("owner", "finance", "door", "one_event") if IS_THOROUGH else ("owner", "one_event")
NO_HISTORY = "Django's own: back to the start, there is none"
# What answers otherwise than 403 to the id of a row (random: that never was), and why.
OTHERWISE = {
    ("admin:view_on_site", False): "no row has such a page: 404 for everybody",
    ("admin:view_on_site", True): "no row has such a page: 404 for everybody",
    ("admin:accounts_user_history", True): NO_HISTORY,
    ("admin:events_inventoryaudit_history", True): NO_HISTORY,
    ("admin:jobs_jobrun_history", True): NO_HISTORY,
    ("admin:notifications_suppression_history", True): NO_HISTORY,
    ("admin:notifications_delivery_history", True): NO_HISTORY,
}


@dataclass(frozen=True)
class Route:
    """One entry of the URL configuration: its address with the names of what is to be filled in."""

    template: str
    names: tuple[str, ...]
    name: str

    def __str__(self) -> str:
        return self.template

    @property
    def model(self) -> type[Model] | None:
        """The model whose rows the address is about."""
        parts = self.template.split("/")
        try:
            return apps.get_model(parts[2], parts[3])
        except LookupError:
            return None

    @property
    def is_of_a_row(self) -> bool:
        return any(name in {"object_id", "id", "event_id"} for name in self.names)


def list_routes() -> list[Route]:
    return list(_walk(get_resolver(), ("",)))


def _walk(resolver: URLResolver, way: tuple[str, ...]) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        inner = (*way, str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from _walk(entry, inner)
        elif "".join(inner).startswith("admin/"):
            yield _route(entry, "/" + "".join(way))


def _route(entry: URLPattern, way: str) -> Route:
    """The address as `reverse` would build it, from what Django's resolver makes of one entry."""
    alone = URLResolver(get_resolver().pattern, [entry]).reverse_dict
    [[(template, names)]] = [found[0] for found in alone.getlist(entry.name or entry.callback)]
    return Route(way + template, tuple(names), f"admin:{entry.name}" if entry.name else "")


ROUTES = list_routes()
each_route = pytest.mark.parametrize("route", ROUTES, ids=str)


def fill(route: Route, world: World, *, is_random: bool = False) -> str:
    """The address with the foreign team's ids in it, or with ids that do not exist."""
    values = _values(route, world)
    if is_random:
        values |= dict.fromkeys(("object_id", "id", "event_id"), RANDOM)
    unknown = set(route.names) - set(values)
    assert not unknown, f"{route}: say in _values() what to put for {unknown}"
    return route.template % {name: quote(str(values[name])) for name in route.names}


def rows_of(world: World) -> dict[type[Model] | None, Model]:
    """The foreign team's row of each model."""
    foreign = world.foreign
    return {
        Event: foreign.event,
        Organiser: foreign.organiser,
        Membership: foreign.member,
        Booking: foreign.booking,
        Change: foreign.change,
        User: foreign.member.user,
        Entry: foreign.entry,
        Invitation: foreign.invitation,
    }


def _broadcast(world: World) -> Model:
    event, owner = world.foreign.event, world.foreign.owner
    now = event.created_at
    words = {"subject": MARKERS["event"], "body": MARKERS["venue"]}
    told = {"by": owner, "audience": "both", "created_at": now, **words}
    return Broadcast.objects.get_or_create(event=event, defaults=told)[0]


def _delivery(world: World) -> Model:
    notice = Notice.objects.filter(event=world.foreign.event)[0]
    due = {"due_at": notice.created_at}
    return Delivery.objects.get_or_create(notice=notice, channel="mail", defaults=due)[0]


def _suppression(world: World) -> Model:
    email, at = MARKERS["buyer's address"], world.foreign.event.created_at
    return Suppression.objects.get_or_create(email=email, defaults={"reason": "bounce", "at": at})[
        0
    ]


# Rows of mails, made when an address asks for one.
MAIL_ROWS: dict[type[Model] | None, Callable[[World], Model]] = {
    Broadcast: _broadcast,
    Delivery: _delivery,
    Suppression: _suppression,
}


def _values(route: Route, world: World) -> dict[str, Any]:
    rows, foreign = rows_of(world), world.foreign
    if route.model is InventoryAudit:
        rows[InventoryAudit] = InventoryAudit.objects.create(
            ran_at=foreign.event.created_at, events=1, drifting_events=0, drift_seats=0
        )
    if route.model is JobRun:
        rows[JobRun] = JobRun.objects.get_or_create(
            task="events.audit_inventory", expected_since=foreign.event.created_at
        )[0]
    if route.model in MAIL_ROWS:
        rows[route.model] = MAIL_ROWS[route.model](world)
    row = foreign.event if route.name == "admin:view_on_site" else rows.get(route.model)
    known = {
        "content_type_id": ContentType.objects.get_for_model(Event).pk,
        "event_id": foreign.event.pk,
        "form": "csv",
        "app_label": "events",
        "url": "nowhere",
        "kind": "welcome",
        "language": "en",
    }
    return known | ({"object_id": row.pk, "id": row.pk} if row else {})


def queries(world: World, route: Route) -> Iterator[dict[str, Any]]:
    """Ways to ask a list, a form, an export or the look-up of forms for the foreign rows."""
    if route.name == "admin:autocomplete":
        yield from look_ups()
        return
    foreign = world.foreign
    yield {"q": FOREIGN_WORD}
    yield {"q": foreign.booking.reference[:8]}
    yield {"s": FOREIGN_WORD, "extended": "1"}
    yield {"event__id__exact": foreign.event.pk}
    yield {"organiser__id__exact": foreign.organiser.pk}
    yield {"organiser": foreign.organiser.pk, "only_event": foreign.draft.pk}


def look_ups() -> Iterator[dict[str, Any]]:
    for app, model, field in (
        ("events", "event", "organiser"),
        ("events", "membership", "only_event"),
        ("events", "membership", "user"),
        ("events", "invitation", "only_event"),
        ("bookings", "booking", "event"),
        ("bookings", "booking", "user"),
        ("waitlist", "entry", "event"),
        ("waitlist", "entry", "user"),
    ):
        yield {
            "app_label": app,
            "model_name": model,
            "field_name": field,
            "term": FOREIGN_WORD[:3],
        }


def everything(world: World, row: Model) -> dict[str, Any]:
    """An answer to every form and every question of the admin at once."""
    foreign = world.foreign
    return {
        "organiser": foreign.organiser.pk,
        "only_event": foreign.event.pk,
        "name": "Overwritten",
        "audience": "both",
        "subject": "Overwritten",
        "body": "Overwritten",
        "email": world.people["stranger"].email,
        "role": "manager",
        "description": "",
        "venue": "Overwritten",
        "timezone": "Europe/Berlin",
        "starts_at": "2030-07-01T19:30",
        "capacity": 500,
        "max_per_booking": 4,
        "price": "1",
        "currency": "EUR",
        "publish": "on",
        "seen_version": foreign.event.version,
        "is_active": "",
        "usable_password": "false",
        "post": "yes",
        "confirmed": "yes",
        "select_across": "1",
        "tier": "200",
        "reason": "Overwritten",
        "minutes": "5",
        "amount": "5",
        "is_paused": "on",
        "offer_minutes": "99",
        "gather_minutes": "99",
        "_selected_action": [str(row.pk)],
    }


ACTIONS = ("publish", "cancel", "paid", "refunded", "offer", "delete_selected", "")


def snapshot(world: World) -> list[Any]:
    """All that belongs to the foreign team."""
    organiser = world.foreign.organiser
    sets: list[Any] = [
        Organiser.objects.filter(pk=organiser.pk),
        Event.objects.filter(organiser=organiser),
        Membership.objects.filter(organiser=organiser),
        Booking.objects.filter(event__organiser=organiser),
        Entry.objects.filter(event__organiser=organiser),
        Offer.objects.filter(event__organiser=organiser),
        Waitlist.objects.filter(event__organiser=organiser),
        Standing.objects.filter(organiser=organiser),
        Broadcast.objects.filter(event__organiser=organiser),
        Change.objects.filter(organiser_id=organiser.pk),
        User.objects.filter(email__contains=FOREIGN_WORD),
    ]
    return [list(rows.order_by("pk").values()) for rows in sets]


def everywhere() -> list[Any]:
    """All rows of all of our tables, but for sessions and the times people logged in."""
    models = (
        Organiser,
        Event,
        Membership,
        Invitation,
        Booking,
        Change,
        Entry,
        Offer,
        Waitlist,
        Standing,
    )
    people = list(User.objects.order_by("pk").values_list("pk", "name", "email", "password"))
    return [people, *(list(model._default_manager.order_by("pk").values()) for model in models)]


def body(response: Any) -> str:
    data: bytes = b"".join(response) if response.streaming else response.content
    return data.decode("utf-8", "replace")


def seen(response: Any) -> set[str]:
    """The kinds of markers in the answer, also where its addresses lead."""
    whole = body(response) + str(response.headers) + str(getattr(response, "redirect_chain", ""))
    return {kind for kind, marker in MARKERS.items() if marker in whole}


def ask(client: Client, route: Route, world: World, address: str) -> Iterator[tuple[str, Any]]:
    """Everything that can be sent to one address, with what to call it."""
    yield f"GET {address}", client.get(address, follow=True)
    row = rows_of(world).get(route.model, world.foreign.event)
    for action in ACTIONS if route.name.endswith("_changelist") else [""]:
        sent = everything(world, row) | {"action": action}
        yield f"POST {address} {action}", client.post(address, sent, follow=True)


def test_the_walk_finds_the_whole_admin() -> None:
    found = {route.name for route in ROUTES}
    expected = {
        "index", "autocomplete", "search", "jsi18n", "password_change", "view_on_site",
        "events_event_cancel", "events_event_waitlist", "waitlist_entry_move",
        "bookings_booking_export", "bookings_booking_cancelling",
        "events_invitation_resend", "events_invitation_withdraw",
        "auth_user_password_change", "events_membership_delete", "history_change_changelist",
    }  # fmt: skip
    assert {f"admin:{name}" for name in expected} <= found
    assert len(ROUTES) > 50


@each_route
def test_a_stranger_without_an_account_is_sent_to_the_log_in(world: World, route: Route) -> None:
    before = everywhere()
    login = reverse("account_login")
    address = fill(route, world)
    for method in (Client.get, Client.post):
        response: Any = method(Client(), address, follow=True)
        assert response.redirect_chain, f"{method.__name__} {address} answered by itself"
        assert response.redirect_chain[-1][0].startswith(login)
        assert not seen(response)
    assert everywhere() == before


@each_route
def test_somebody_in_no_team_is_led_to_the_page_that_founds_one(world: World, route: Route) -> None:
    client = world.at("buyer")
    before = everywhere()
    for asked, response in ask(client, route, world, fill(route, world)):
        assert response.redirect_chain[-1][0] == "/sell/", asked
        assert not seen(response)
    assert everywhere() == before


@each_route
def test_members_of_another_team_see_and_change_nothing(world: World, route: Route) -> None:
    fill(route, world)  # the row is there now
    before = snapshot(world)
    for name, is_random in product(MEMBERS, (False, True) if route.is_of_a_row else (False,)):
        address = fill(route, world, is_random=is_random)
        for asked, response in ask(world.at(name), route, world, address):
            assert not seen(response), f"{name}: {asked}"
            assert response.status_code < 500, f"{name}: {asked}"
            if route.is_of_a_row and (route.name, is_random) not in OTHERWISE:
                assert response.status_code == 403, f"{name}: {asked}"
    assert snapshot(world) == before


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.is_of_a_row], ids=str)
def test_asking_for_another_teams_rows_finds_none(world: World, route: Route) -> None:
    for name in MEMBERS:
        client = world.at(name)
        for query in queries(world, route):
            response = client.get(fill(route, world), query, follow=True)
            assert not seen(response), f"{name}: {query}"
            assert response.status_code < 500, f"{name}: {query}"


def test_the_walk_would_see_every_marker(world: World) -> None:
    """The control: whom the rows belong to sees them all at the same addresses."""
    client = world.at("rival")
    found: set[str] = set()
    for route in ROUTES:
        if route.name != "admin:logout":
            found |= seen(client.get(fill(route, world), follow=True))
    assert found == set(MARKERS)


def test_a_change_of_a_foreign_row_would_be_seen(world: World) -> None:
    before = snapshot(world)
    world.at("rival").post(fill(_named("admin:events_event_cancel"), world))
    assert snapshot(world) != before
    assert stored(world.foreign.event)["status"] == "cancelled"


def _named(name: str) -> Route:
    return next(route for route in ROUTES if route.name == name)


def test_nothing_of_the_foreign_team_is_in_the_page_of_a_log_in(world: World) -> None:
    assert not seen(Client().get("/admin/", follow=True))
    assert FOREIGN_WORD not in text(Client().get("/admin/", follow=True))
