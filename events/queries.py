"""Reading events: who may see what, and the lists."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from evently.accounts.models import User
from evently.search import split_query, words_query
from events.errors import EventNotFound
from events.models import (
    Event,
    EventQuerySet,
    InventoryAudit,
    Invitation,
    InvitationQuerySet,
    Membership,
    MembershipQuerySet,
    Organiser,
    OrganiserQuerySet,
)
from events.roles import CAPABILITIES, Capability, Role

# Amounts of different currencies cannot be compared: they are listed one currency after the other.
ORDERINGS = {
    "starts_at": ("starts_at",),
    "-starts_at": ("-starts_at",),
    "price": ("currency", "price"),
    "-price": ("-currency", "-price"),
    "name": ("name",),
    "-name": ("-name",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSearch:
    """What a list of events is narrowed down to; None or an empty text narrows nothing.

    Args:
        starts_after: only what is not over by then: a festival is found on its second day, too.
        starts_before: only what has begun by then.
        currency: only what is priced in it; min_price and max_price are amounts of it.
        available: only what can be booked now: on sale, with seats left.
    """

    search: str = ""
    starts_after: datetime | None = None
    starts_before: datetime | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    currency: str | None = None
    available: bool = False
    organiser: UUID | None = None
    ordering: str = "starts_at"


def list_events(*, search: EventSearch, user: User | None, now: datetime) -> EventQuerySet:
    """Published events that are not over, soonest first unless `ordering` says otherwise.

    With an organiser: all of that organiser's events which the user may see, drafts and past ones
    included.
    """
    events = Event.objects.select_related("organiser").order_by(*ORDERINGS[search.ordering], "id")
    if search.organiser:
        events = events.visible_to(user).filter(organiser=search.organiser)
    else:
        events = events.upcoming(now)
    if search.available:
        events = events.bookable(now)
    return _matching(events.filter(**_bounds(search)), search)


def match_events(text: str) -> Q:
    """Events that have every word of the text, or its beginning: in name, venue, description, or in
    the name of their organiser."""
    matches = Q()
    for word in split_query(text):
        wanted = words_query(word)
        organisers = Organiser.objects.filter(words=wanted)
        matches &= Q(words=wanted) | Q(organiser__in=organisers)
    return matches or Q(pk__in=())


def match_organisers(text: str) -> OrganiserQuerySet:
    """Organisers whose name has every word of the text, or its beginning."""
    wanted = words_query(text)
    return Organiser.objects.filter(words=wanted) if wanted else Organiser.objects.none()


def list_popular_events(*, now: datetime) -> EventQuerySet:
    """Upcoming events by the number of seats taken, most first."""
    taken = F("capacity") - F("available_seats")
    events = Event.objects.select_related("organiser").upcoming(now)
    return events.order_by(taken.desc(), "starts_at", "id")


def list_ended_events(*, now: datetime) -> EventQuerySet:
    """Published events that are over, the one that ended first in front."""
    events = Event.objects.filter(status=Event.Status.PUBLISHED, ends_at__lte=now)
    return events.order_by("ends_at", "id")


def get_event(*, event_id: UUID, user: User | None) -> Event:
    """One event that the user (None: anybody) may see.

    Raises:
        EventNotFound: no such event, or somebody else's draft.
    """
    events = Event.objects.select_related("organiser").visible_to(user)
    event = events.filter(pk=event_id).first()
    if event is None:
        raise EventNotFound
    return event


def find_last_added_event(user: User) -> Event | None:
    """The event that the person's teams added last: the next one is often alike."""
    return Event.objects.of_team(user).order_by("-created_at").first()


def zone_of(user: User) -> ZoneInfo:
    """The clocks of the person's teams: those of the event that was added last."""
    last = find_last_added_event(user)
    return ZoneInfo(last.timezone if last else "UTC")


def find_last_audit() -> InventoryAudit | None:
    """The latest result that the audit kept."""
    return InventoryAudit.objects.order_by("-ran_at").first()


def list_organisers(*, user: User) -> OrganiserQuerySet:
    """The teams that the user belongs to; all of them for staff."""
    return Organiser.objects.of(user).order_by("name", "id")


def find_own_organiser(*, user: User) -> Organiser | None:
    """The one team to which the user may add events, or None when there are none or several."""
    members = Membership.objects.of(user, Capability.EDIT_EVENTS).for_all_events()
    teams = Organiser.objects.filter(memberships__in=members)[:2]
    return teams[0] if len(teams) == 1 else None


def list_team(*, organiser_id: UUID) -> MembershipQuerySet:
    """An organiser's members with their accounts and their only events, by address."""
    members = Membership.objects.filter(organiser=organiser_id)
    return members.select_related("user", "only_event").order_by("user__email")


def list_pending_invitations(*, organiser_id: UUID) -> InvitationQuerySet:
    """What an organiser offered and nobody answered, also what has expired, by address."""
    pending = Invitation.objects.pending().filter(organiser=organiser_id)
    return pending.select_related("only_event", "invited_by").order_by("email")


def hash_invitation_token(token: str) -> str:
    """What is kept of the secret in a mailed link: SHA-256, in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_invitation(token: str) -> Invitation | None:
    """The invitation whose newest link has this secret."""
    found = Invitation.objects.filter(token_hash=hash_invitation_token(token))
    return found.select_related("organiser", "only_event", "invited_by").first()


@dataclass(frozen=True, slots=True)
class Post:
    """What one membership says: a role for all events of an organiser, or for the only one."""

    organiser_id: UUID
    only_event_id: UUID | None
    role: Role

    def allows(self, capability: Capability) -> bool:
        return capability in CAPABILITIES[self.role]

    def covers(self, event: Event) -> bool:
        if self.only_event_id is None:
            return event.organiser_id == self.organiser_id
        return event.pk == self.only_event_id


@dataclass(frozen=True, slots=True)
class Rights:
    """What one person may do, asked from the database once; staff may do everything."""

    is_staff: bool
    posts: tuple[Post, ...]

    def may(self, capability: Capability, event: Event) -> bool:
        """Whether the person may do this with the event and its bookings."""
        return self.is_staff or any(
            post.allows(capability) and post.covers(event) for post in self.posts
        )

    def may_in_team(self, capability: Capability, organiser_id: UUID) -> bool:
        """Whether the person may do this for the whole team: never who works for one event."""
        return self.is_staff or any(
            post.allows(capability)
            and post.organiser_id == organiser_id
            and post.only_event_id is None
            for post in self.posts
        )

    def may_somewhere(self, capability: Capability) -> bool:
        """Whether there can be an event with which the person may do this."""
        return self.is_staff or any(post.allows(capability) for post in self.posts)

    def may_in_some_team(self, capability: Capability) -> bool:
        """Whether there is a team for which as a whole the person may do this."""
        return self.is_staff or any(
            post.allows(capability) and post.only_event_id is None for post in self.posts
        )

    def belongs_to(self, organiser_id: UUID) -> bool:
        """Whether the person is in this team, if only for one event."""
        return self.is_staff or any(post.organiser_id == organiser_id for post in self.posts)


def rights_of(user: User) -> Rights:
    """The person's rights in all of their teams: one query, none for staff."""
    if user.is_staff:
        return Rights(is_staff=True, posts=())
    rows = Membership.objects.of_person(user).values_list("organiser", "only_event", "role")
    posts = (Post(organiser, only_event, Role(role)) for organiser, only_event, role in rows)
    return Rights(is_staff=False, posts=tuple(posts))


def may_see(event: Event, user: User) -> bool:
    """Whether the user may see this event: all but other people's drafts."""
    return Event.objects.visible_to(user).filter(pk=event.pk).exists()


def _bounds(search: EventSearch) -> dict[str, object]:
    """An event takes place from its start up to its end, which is no part of it."""
    bounds = {
        "ends_at__gt": search.starts_after,
        "starts_at__lte": search.starts_before,
        "price__gte": search.min_price,
        "price__lte": search.max_price,
        "currency": search.currency,
    }
    return {lookup: bound for lookup, bound in bounds.items() if bound is not None}


def _matching(events: EventQuerySet, search: EventSearch) -> EventQuerySet:
    """Those that have every word of the search in name, venue or description, or its beginning."""
    if not search.search.strip():
        return events
    wanted = words_query(search.search)
    return events.filter(words=wanted) if wanted else events.none()
