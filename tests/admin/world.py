"""One team with its people, and another team whose every word is a marker that nobody may see."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib.messages import get_messages
from django.core import mail
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from evently.accounts.models import User
from evently.history.models import Change
from events import services
from events.models import Event, Invitation, Membership, Organiser, Role
from tests.api.people import make_world as make_team
from tests.makers import add_member, make_booking, make_event, make_organiser, make_user
from waitlist.models import Entry, Tier
from waitlist.services import join_waitlist, move_entry

INDEX = reverse("admin:index")
EVENTS = reverse("admin:events_event_changelist")
ADD_EVENT = reverse("admin:events_event_add")
BOOKINGS = reverse("admin:bookings_booking_changelist")
ORGANISERS = reverse("admin:events_organiser_changelist")
MEMBERS = reverse("admin:events_membership_changelist")
INVITE = reverse("admin:events_invitation_add")
CHANGES = reverse("admin:history_change_changelist")
PEOPLE = reverse("admin:accounts_user_changelist")

EDITORS = ("owner", "manager", "staff")
TEAM = ("owner", "manager", "finance", "door", "viewer")

# A word that finds the foreign rows, and is itself no marker: a page shows what was searched for.
FOREIGN_WORD = "zephyr"
MARKERS = {
    "organiser": "Zephyr Trust 7001",
    "event": "Zephyr Gala 7002",
    "old name": "Zephyr Soirée 7003",
    "draft": "Zephyr Secret 7004",
    "venue": "Zephyr Vaults 7005",
    "buyer": "Zephyr Buyerson 7006",
    "buyer's address": "zephyr.buyer.7007@foreign.example",
    "reference": "ZEPHYR7008",
    "member": "Zephyr Memberson 7009",
    "member's address": "zephyr.member.7010@foreign.example",
    "invited": "zephyr.invited.7013@foreign.example",
    "waiting": "Zephyr Waiterson 7011",
    "reason": "Zephyr Reason 7012",
}


@dataclass(frozen=True, slots=True)
class Foreign:
    """Another team's rows, one of each kind."""

    owner: User
    organiser: Organiser
    event: Event
    draft: Event
    booking: Booking
    member: Membership
    change: Change
    entry: Entry
    invitation: Invitation


@dataclass(frozen=True, slots=True)
class World:
    """A team with a published event, a draft, an event `aside` and a booking of each published.

    The person `one_event` is a manager of `aside` alone; `buyer` is in no team; `staff` is
    Evently's own.
    """

    people: dict[str, User]
    organiser: Organiser
    event: Event
    draft: Event
    aside: Event
    booking: Booking
    aside_booking: Booking
    foreign: Foreign

    def at(self, name: str) -> Client:
        """A browser in which this person is logged in."""
        client = Client()
        client.force_login(self.people[name])
        return client


def make_world() -> World:
    team = make_team()
    berta = make_user("Berta", email="berta@buyers.example")
    foreign = make_foreign()
    return World(
        people=team.people | {"rival": foreign.owner},
        organiser=team.organiser,
        event=team.event,
        draft=team.draft,
        aside=team.aside,
        booking=make_booking(team.event, berta, quantity=3),
        aside_booking=make_booking(team.aside, make_user("Carl"), quantity=2),
        foreign=foreign,
    )


def make_foreign() -> Foreign:
    owner = make_user("Rita")
    organiser = make_organiser(owner, name=MARKERS["organiser"])
    colleague = make_user(MARKERS["member"], email=MARKERS["member's address"])
    event = make_event(organiser, name=MARKERS["old name"], venue=MARKERS["venue"])
    draft = make_event(organiser, name=MARKERS["draft"], status=Event.Status.DRAFT)
    buyer = make_user(MARKERS["buyer"], email=MARKERS["buyer's address"])
    booking = make_booking(event, buyer)
    Booking.objects.filter(pk=booking.pk).update(reference=MARKERS["reference"])
    booking.refresh_from_db()
    event = services.edit_event(
        event_id=event.pk,
        by=owner,
        changes={"name": MARKERS["event"]},
        expected_version=event.version,
        now=datetime.now(UTC),
    )
    member = add_member(organiser, colleague, Role.MANAGER, only_event=event)
    change = Change.objects.get(event_id=event.pk)
    entry = make_foreign_entry(event, owner)
    invitation = services.invite_member(
        organiser_id=organiser.pk,
        email=MARKERS["invited"],
        role=Role.MANAGER,
        only_event_id=event.pk,
        by=owner,
        now=datetime.now(UTC),
    )
    mail.outbox.clear()
    return Foreign(owner, organiser, event, draft, booking, member, change, entry, invitation)


def make_foreign_entry(event: Event, owner: User) -> Entry:
    """Somebody who waits for more seats than there are, and was moved for a reason."""
    now = datetime.now(UTC)
    waiting = make_user(MARKERS["waiting"], email="zephyr.waiting@foreign.example")
    Event.objects.filter(pk=event.pk).update(max_per_booking=200)
    entry = join_waitlist(event_id=event.pk, user=waiting, quantity=150, now=now)
    reason = MARKERS["reason"]
    return move_entry(entry_id=entry.pk, by=owner, tier=Tier.GOLD, reason=reason, now=now)


def page(row: Model, view: str = "change") -> str:
    """The address of a row's page, or of one of its steps."""
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{view}", args=[row.pk])


def stored(row: Model) -> dict[str, Any]:
    """Every column of the row as the database has it now."""
    rows = cast(Any, type(row)).objects
    return dict(rows.filter(pk=row.pk).values().get())


def local(instant: datetime | None, zone: str) -> str:
    """An instant as a browser sends it from a field for a date and a time."""
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}" if instant else ""


def entries(event: Event, **changes: Any) -> dict[str, Any]:
    """What a browser sends from the form of this event; what is None it does not send."""
    zone = event.timezone
    sent = {
        "name": event.name,
        "description": event.description,
        "venue": event.venue,
        "timezone": zone,
        "starts_at": local(event.starts_at, zone),
        "ends_at": local(event.ends_at, zone),
        "sales_start_at": local(event.sales_start_at, zone),
        "sales_end_at": local(event.sales_end_at, zone),
        "max_per_booking": event.max_per_booking,
        "price": event.price,
        "currency": event.currency,
        "seen_version": event.version,
    } | changes
    return {name: value for name, value in sent.items() if value is not None}


def new_event(organiser: Organiser, **changes: Any) -> dict[str, Any]:
    """What a browser sends from the form of a new event."""
    sent = {
        "organiser": organiser.pk,
        "name": "New",
        "description": "",
        "venue": "Attic",
        "timezone": "Europe/Berlin",
        "starts_at": "2030-07-01T19:30",
        "ends_at": "2030-07-01T23:00",
        "sales_start_at": "",
        "sales_end_at": "",
        "capacity": 80,
        "max_per_booking": 4,
        "price": "12.50",
        "currency": "EUR",
    } | changes
    return {name: value for name, value in sent.items() if value is not None}


def act(client: Client, address: str, action: str, *rows: Model, **more: str) -> HttpResponse:
    """Choose an action for rows of a list."""
    chosen = [str(row.pk) for row in rows]
    answer = client.post(address, {"action": action, "_selected_action": chosen} | more)
    return cast(HttpResponse, answer)


def text(response: Any) -> str:
    return str(response.content.decode())


def told(response: Any) -> str:
    """The messages that the person sees next."""
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def history_of(row: Model) -> list[tuple[str, Any, Any, User | None]]:
    """What our own history keeps of the row, oldest first: field, before, after, who."""
    changes = Change.objects.filter(subject_id=row.pk).order_by("at", "id").select_related("by")
    return [(change.field, change.before, change.after, change.by) for change in changes]
