"""The rows of a proof: an organiser, an event and its buyers; made, counted and removed."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count

from bookings.models import Booking
from bookings.proof.plan import Buyer
from evently.accounts.models import User
from evently.accounts.tokens import issue_access_tokens
from evently.transactions import frozen_view, unit_of_work
from events.inventory import count_claims
from events.models import Event, Membership, Organiser, Role

TOKEN_LIFETIME = timedelta(hours=12)
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Scratch:
    event: Event
    people: list[User]
    buyers: list[Buyer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """The event as its rows say, all read at one instant.

    `twice` is how many people hold more than one live booking; `held` is the reference of the
    booking that each person holds.
    """

    capacity: int
    available_seats: int
    claimed: int
    twice: int
    held: dict[UUID, str] = field(default_factory=dict)

    @property
    def adds_up(self) -> bool:
        """The inventory equation, with a counter between nought and the capacity."""
        return self.available_seats + self.claimed == self.capacity >= self.available_seats >= 0


@unit_of_work()
def make_scratch(*, buyers: int, seats: int, now: datetime) -> Scratch:
    """A published event a month from `now`, and people who can log in with a token alone."""
    mark = secrets.token_hex(4)
    people = User.objects.bulk_create(_people(mark, buyers, now), batch_size=BATCH)
    organiser = Organiser.objects.create(name=f"Proof {mark}")
    Membership.objects.create(organiser=organiser, user=people[0], role=Role.OWNER)
    event = Event.objects.create(
        organiser=organiser,
        name=f"Proof {mark}",
        description="Made by prove_no_oversell, which removes it again.",
        starts_at=now + timedelta(days=30),
        ends_at=now + timedelta(days=30, hours=2),
        capacity=seats,
        available_seats=seats,
        status=Event.Status.PUBLISHED,
    )
    tokens = issue_access_tokens(people, lifetime=TOKEN_LIFETIME)
    pairs = zip(people, tokens, strict=True)
    return Scratch(event, people, [Buyer(user.pk, token) for user, token in pairs])


@contextmanager
def scratch_rows(*, buyers: int, seats: int, now: datetime, keep: bool) -> Iterator[Scratch]:
    """Scratch rows that are gone afterwards, whatever happens, unless they are to be kept."""
    scratch = make_scratch(buyers=buyers, seats=seats, now=now)
    try:
        yield scratch
    finally:
        if not keep:
            remove_scratch(scratch)


@unit_of_work()
def remove_scratch(scratch: Scratch) -> None:
    organiser = scratch.event.organiser
    Booking.objects.filter(event=scratch.event).delete()
    scratch.event.delete()
    organiser.delete()
    User.objects.filter(pk__in=[user.pk for user in scratch.people]).delete()


def recount(event: Event) -> Recount:
    with frozen_view():
        row = Event.objects.get(pk=event.pk)
        live = Booking.objects.live().filter(event=event).order_by()
        holders = live.values("user").annotate(held=Count("pk"))
        return Recount(
            capacity=row.capacity,
            available_seats=row.available_seats,
            claimed=count_claims([event.pk])[event.pk].total(),
            twice=holders.filter(held__gt=1).count(),
            held=dict(live.values_list("user_id", "reference")),
        )


def _people(mark: str, number: int, now: datetime) -> list[User]:
    # "!" is a password that nobody has: no time is spent on hashing.
    return [
        User(
            email=f"proof-{mark}-{place}@evently.invalid",
            email_verified_at=now,
            name="Proof",
            password="!",  # noqa: S106
        )
        for place in range(number)
    ]
