"""The people of every access test, and one world in which they stand."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from rest_framework.response import Response
from rest_framework.test import APIClient

from bookings.models import Booking
from bookings.services import cancel_booking
from evently.accounts.models import User
from evently.accounts.tokens import TokenPair, issue_tokens
from events.models import Event, Organiser, Role
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user
from waitlist.models import Offer
from waitlist.queries import offer_token
from waitlist.services import join_waitlist

MEMBERS = tuple(role.value for role in Role)
ROLES = (*MEMBERS, "one_event", "buyer", "stranger", "staff", "anonymous")


@dataclass(frozen=True, slots=True)
class World:
    """One team with two published events, a draft and a booking; and somebody else's team.

    The person `one_event` is a manager of `aside` alone.
    """

    people: dict[str, User]
    organiser: Organiser
    event: Event
    draft: Event
    aside: Event
    booking: Booking
    spare_tokens: TokenPair

    def client(self, role: str) -> APIClient:
        client = APIClient()
        if role != "anonymous":
            client.force_authenticate(self.people[role])
        return client


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one endpoint; `body` and `headers` may look at the world."""

    method: str
    name: str
    path: Callable[[Any], str]
    expected: dict[str, int]
    body: Callable[[World], dict[str, Any]] = field(default=lambda world: {})
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, world: World, role: str) -> Response:
        send = getattr(world.client(role), self.method.lower())
        data = None if self.method in {"GET", "DELETE"} else self.body(world)
        answer: Response = send(self.path(world), data, headers=self.headers)
        return answer


def make_world() -> World:
    people = {role: make_user(role) for role in ROLES if role != "anonymous"}
    people["staff"].is_staff = True
    people["staff"].save()
    organiser = make_organiser()
    for role in MEMBERS:
        add_member(organiser, people[role], Role(role))
    make_organiser(people["stranger"], name="Another Team")
    event = make_event(organiser, name="Late Jazz")
    aside = make_event(organiser, name="Small Talk")
    add_member(organiser, people["one_event"], Role.MANAGER, only_event=aside)
    return World(
        people=people,
        organiser=organiser,
        event=event,
        draft=make_event(organiser, name="Secret Plan", status=Event.Status.DRAFT),
        aside=aside,
        booking=make_booking(event, people["buyer"]),
        spare_tokens=issue_tokens(people["buyer"]),
    )


@dataclass(frozen=True, slots=True)
class LineWorld(World):
    """Also another organiser's event `full`, of whose seats one is offered to the buyer."""

    full: Event
    offer_token: str


def make_line_world() -> LineWorld:
    world = make_world()
    full = make_event(make_organiser(name="Elsewhere"), name="Full House", capacity=2)
    leaving, now = make_booking(full), datetime.now(UTC)
    make_booking(full)
    buyer = world.people["buyer"]
    entry = join_waitlist(event_id=full.pk, user=buyer, quantity=1, now=now)
    cancel_booking(reference=leaving.reference, by=leaving.user, now=now)
    offer = Offer.objects.get(entry=entry)
    own = {field.name: getattr(world, field.name) for field in fields(world)}
    return LineWorld(**own, full=full, offer_token=offer_token(offer))
