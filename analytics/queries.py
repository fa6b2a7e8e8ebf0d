"""Figures of what was sold, for the people of an organiser's team."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncDate

from bookings.models import Booking
from evently.accounts.models import User
from events.models import Event
from events.roles import Capability

DAYS = 30
LATELY = timedelta(days=7)
SOON = timedelta(days=14)
EVENTS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Day:
    """What was booked on one day and not cancelled since.

    Revenue by currency, of the events whose money the person may see.
    """

    day: date
    bookings: int
    seats: int
    revenue: dict[str, Decimal]


def list_days(*, user: User, now: datetime, zone: ZoneInfo) -> list[Day]:
    """The last `DAYS` days up to today, oldest first, days without bookings too: one query."""
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    with_money = Q(event__in=Event.objects.of_team(user, Capability.SEE_MONEY))
    since = datetime(days[0].year, days[0].month, days[0].day, tzinfo=zone)
    sums = (
        Booking.objects.live()
        .of_team(user)
        .filter(created_at__gte=since)
        .order_by()
        .values(day=TruncDate("created_at", tzinfo=zone), money=F("currency"))
        .annotate(
            count=Count("pk"),
            seats=Sum("quantity"),
            amount=Sum(F("quantity") * F("unit_price"), filter=with_money),
        )
    )
    found = defaultdict(list)
    for row in sums:
        found[row["day"]].append(row)
    return [
        Day(
            day=day,
            bookings=sum(row["count"] for row in found[day]),
            seats=sum(row["seats"] for row in found[day]),
            revenue={row["money"]: row["amount"] for row in found[day] if row["amount"]},
        )
        for day in days
    ]


def list_selling(*, user: User, now: datetime) -> QuerySet[Event]:
    """The next events with `lately`, the seats booked in the last seven days: one query."""
    booked = (
        Booking.objects.live()
        .filter(event=OuterRef("pk"), created_at__gte=now - LATELY)
        .order_by()
        .values("event")
        .annotate(seats=Sum("quantity"))
        .values("seats")
    )
    events = Event.objects.of_team(user).upcoming(now).order_by("starts_at", "id")
    return events.annotate(lately=Coalesce(Subquery(booked), 0))[:EVENTS_SHOWN]


@dataclass(frozen=True, slots=True)
class Refunds:
    """Cancelled bookings whose money is still to go back, by those who handle it."""

    bookings: int
    amounts: dict[str, Decimal]


def refunds_due(*, user: User) -> Refunds:
    due = Booking.objects.of_team(user, Capability.HANDLE_MONEY).filter(refund=Booking.Refund.DUE)
    sums = (
        due.order_by()
        .values("currency")
        .annotate(count=Count("pk"), amount=Sum(F("quantity") * F("unit_price")))
    )
    rows = list(sums)
    return Refunds(
        bookings=sum(row["count"] for row in rows),
        amounts={row["currency"]: row["amount"] for row in rows},
    )


def list_undecided(*, user: User, now: datetime) -> QuerySet[Event]:
    """Events on which the user can decide: drafts whose day comes, and what is sold out."""
    draft = Q(status=Event.Status.DRAFT, starts_at__lte=now + SOON, ends_at__gt=now)
    sold_out = Q(status=Event.Status.PUBLISHED, ends_at__gt=now, available_seats=0)
    events = Event.objects.editable_by(user).filter(draft | sold_out)
    return events.order_by("starts_at", "id")[:EVENTS_SHOWN]
