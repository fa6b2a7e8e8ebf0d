"""Figures of what was sold, for the people of an organiser's team."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncDate

from bookings.models import Booking
from evently.accounts.models import User
from evently.caching import find_result
from events.models import Event
from events.queries import rights_of
from events.roles import Capability

DAYS = 30
# A booking is dated when it is asked for, and there a moment later: a day counts as over by then.
SETTLING = timedelta(minutes=10)
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


@dataclass(slots=True)
class Sold:
    """Sums of bookings; revenue by currency."""

    bookings: int = 0
    seats: int = 0
    revenue: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def add(self, row: dict[str, Any], sign: int) -> None:
        """Count a row of `_sums` in, or with the sign -1 take it out."""
        self.bookings += sign * row["count"]
        self.seats += sign * row["seats"]
        self.revenue[row["money"]] += sign * (row["amount"] or 0)


def list_days(*, user: User, now: datetime, zone: ZoneInfo) -> list[Day]:
    """The last `DAYS` days up to today, oldest first, days without bookings too.

    What was booked on a day that is over never changes, and comes from L3; what of it was cancelled
    since is counted anew each time, and so is today.
    """
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    since = _midnight(days[0], zone)
    settled = max(since, _midnight((now - SETTLING).astimezone(zone).date(), zone))
    booked = Booking.objects.of_team(user)
    over = booked.filter(created_at__gte=since, created_at__lt=settled)
    ever_booked = find_result(_key_of(user, since, settled), lambda: _sums(over, user, zone))
    cancelled = _sums(over.exclude(status__in=Booking.LIVE), user, zone)
    lately = _sums(booked.live().filter(created_at__gte=settled), user, zone)
    sold = {day: Sold() for day in days}
    for rows, sign in ((ever_booked, 1), (cancelled, -1), (lately, 1)):
        for row in rows:
            sold[row["day"]].add(row, sign)
    return [_day(day, sums) for day, sums in sold.items()]


def _key_of(user: User, since: datetime, until: datetime) -> str:
    """The same for everybody who may see the same."""
    rights = rights_of(user)
    scope = (rights.is_staff, sorted(map(repr, rights.posts)), since.tzinfo, since, until)
    return f"days:{blake2b(repr(scope).encode(), digest_size=16).hexdigest()}"


def _sums(bookings: QuerySet[Booking], user: User, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Bookings, seats and money by day and currency: one query."""
    with_money = Q(event__in=Event.objects.of_team(user, Capability.SEE_MONEY))
    rows: Iterable[Any] = (
        bookings.order_by()
        .values(day=TruncDate("created_at", tzinfo=zone), money=F("currency"))
        .annotate(
            count=Count("pk"),
            seats=Sum("quantity"),
            amount=Sum(F("quantity") * F("unit_price"), filter=with_money),
        )
    )
    return list(rows)


def _day(day: date, sums: Sold) -> Day:
    revenue = {currency: amount for currency, amount in sums.revenue.items() if amount}
    return Day(day=day, bookings=sums.bookings, seats=sums.seats, revenue=revenue)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


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
        .annotate(count=Count("pk"), amount=Sum("amount_received", default=0))
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
