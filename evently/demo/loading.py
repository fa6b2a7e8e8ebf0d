"""Loading the demo: organisers with teams, sixty events, and thousands of bookings."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bookings.models import Booking
from bookings.services import cancel_bookings_of_event
from evently.accounts.models import User
from evently.demo.models import DemoLoad
from evently.demo.people import (
    GUEST_DOMAIN,
    ORGANISER,
    TEAM_DOMAIN,
    VISITOR,
    make_guests,
    make_logins,
    make_team,
)
from evently.demo.programme import UID_PREFIX, PlannedEvent, PlannedOrganiser, read_programme
from evently.demo.selling import Season, sell_event
from evently.demo.waiting import SEATS_THAT_CAME_BACK, Line
from evently.transactions import unit_of_work
from events.models import Event, Membership, Organiser, Role
from events.services import (
    cancel_event,
    complete_ended_events,
    create_event,
    create_organiser,
)
from notifications.writing import nobody_is_told
from waitlist.models import Entry, Offer

SEED = 20
GUESTS = 1_400
SEASON_DAYS = (25, 70)
CALLED_OFF_BEFORE = timedelta(days=3)
SOLD_OUT_BEFORE = timedelta(days=6)
TEAM_ROLES = (Role.OWNER, Role.MANAGER, Role.FINANCE, Role.DOOR)


@dataclass(frozen=True, slots=True)
class LoadReport:
    organisers: int
    events: int
    bookings: int


def find_load() -> DemoLoad | None:
    """The mark of a finished load."""
    return DemoLoad.objects.first()


def has_real_events() -> bool:
    """Whether there are events that the demo did not bring."""
    return Event.objects.exclude(import_uid__startswith=UID_PREFIX).exists()


def load_demo(*, password: str, now: datetime) -> LoadReport:
    """Fill the database; what an interrupted load left is removed first.

    Args:
        password: for the admin, the organiser and the visitor.
        now: aware UTC instant; events lie around it, bookings before it.

    Side effects:
        Many transactions, those of the services that sell; the mark is written by the last one.
    """
    _remove_half_load()
    rng = Random(SEED)  # noqa: S311 - the same demo every time, no secret
    logins = make_logins(password=password)
    guests = [*make_guests(GUESTS, rng=rng), logins[VISITOR]]
    with nobody_is_told():
        for plan in read_programme():
            organiser, owner = _found(plan, helper=logins[ORGANISER])
            for number, event in enumerate(plan.events):
                _Booth(plan, organiser, owner, guests, now, rng).open(event, number)
        complete_ended_events(now=now)
    DemoLoad.objects.create(loaded_at=now)
    return LoadReport(
        organisers=Organiser.objects.count(),
        events=Event.objects.count(),
        bookings=Booking.objects.count(),
    )


def _found(plan: PlannedOrganiser, *, helper: User) -> tuple[Organiser, User]:
    """The organiser with its team; the demo's organiser log-in owns the first, helps the others."""
    team = make_team(plan.team)
    organiser = create_organiser(name=plan.name, by=team[0])
    members = [
        Membership(organiser=organiser, user=user, role=role)
        for user, role in zip(team[1:], TEAM_ROLES[1:], strict=False)
    ]
    roles = {"Lantern Hall": Role.OWNER, "Tidewater Stage": Role.VIEWER}
    if plan.name in roles:
        members.append(Membership(organiser=organiser, user=helper, role=roles[plan.name]))
    Membership.objects.bulk_create(members)
    return organiser, team[0]


@dataclass(frozen=True, slots=True)
class _Booth:
    """Puts the events of one organiser on sale."""

    plan: PlannedOrganiser
    organiser: Organiser
    owner: User
    guests: list[User]
    now: datetime
    rng: Random

    def open(self, planned: PlannedEvent, number: int) -> None:
        details = planned.details(now=self.now, timezone=self.plan.timezone)
        last_sale = details["sales_end_at"] or details["starts_at"] - timedelta(hours=1)
        until = min(self.now, last_sale)
        opened_at = until - timedelta(days=self.rng.randint(*SEASON_DAYS))
        event = create_event(
            organiser_id=self.organiser.pk,
            by=self.owner,
            details=details
            | {
                "currency": self.plan.currency,
                "status": _first_status(planned),
                "created_at": opened_at,
                "import_uid": f"{UID_PREFIX}{self.plan.city.lower()}-{number}",
            },
            now=opened_at,
        )
        if planned.status != Event.Status.DRAFT:
            self._sell(event, planned, Season(opened_at=opened_at, until=until))

    def _sell(self, event: Event, planned: PlannedEvent, season: Season) -> None:
        called_off = planned.status == Event.Status.CANCELLED
        if called_off or planned.waiting:
            sooner = CALLED_OFF_BEFORE if called_off else SOLD_OUT_BEFORE
            season = Season(opened_at=season.opened_at, until=season.until - sooner)
        seats = planned.seats * planned.taken // 100
        sell_event(event, seats=seats, season=season, guests=self.guests, rng=self.rng)
        if called_off:
            self._call_off(event, season.until)
        if planned.waiting:
            self._let_wait(event, planned, season.until)

    def _call_off(self, event: Event, now: datetime) -> None:
        cancel_event(event_id=event.pk, by=self.owner, now=now)
        while cancel_bookings_of_event(event_id=event.pk, now=now):
            pass

    def _let_wait(self, event: Event, planned: PlannedEvent, sold_out_at: datetime) -> None:
        visitor = self.guests[-1]
        holders = set(Booking.objects.filter(event=event).values_list("user_id", flat=True))
        strangers = [guest for guest in self.guests[:-1] if guest.pk not in holders]
        steps = planned.waiting + 2 * SEATS_THAT_CAME_BACK + 1
        line = Line(
            event=event,
            people=self.rng.sample(strangers, planned.waiting),
            by=self.owner,
            at=sold_out_at,
            rest=(self.now - sold_out_at) / steps,
            rng=self.rng,
        )
        line.form()
        if planned.visitor and visitor.pk not in holders:
            line.join(visitor, seats=2)
        if planned.visitor == "offered":
            line.offer_to(visitor)


def _first_status(planned: PlannedEvent) -> Event.Status:
    """What is called off later was on sale first."""
    draft = planned.status == Event.Status.DRAFT
    return Event.Status.DRAFT if draft else Event.Status.PUBLISHED


def _remove_half_load() -> None:
    """Undo a load that did not come to its end: nobody could have worked with it yet."""
    with unit_of_work():
        Offer.objects.filter(event__import_uid__startswith=UID_PREFIX).delete()
        Entry.objects.filter(event__import_uid__startswith=UID_PREFIX).delete()
        Booking.objects.filter(event__import_uid__startswith=UID_PREFIX).delete()
        Event.objects.filter(import_uid__startswith=UID_PREFIX).delete()
        team = User.objects.filter(email__endswith=f"@{TEAM_DOMAIN}")
        Organiser.objects.filter(members__in=team, events__isnull=True).delete()
        team.delete()
        User.objects.filter(email__endswith=f"@{GUEST_DOMAIN}").delete()
