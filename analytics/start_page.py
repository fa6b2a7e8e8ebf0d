"""The admin's start page: what sells, what does not, and what needs a decision."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.queries import (
    Day,
    list_days,
    list_selling,
    list_undecided,
    refunds_due,
)
from evently.accounts.models import User
from evently.replicas import tolerant_reads
from evently.site.pages import person
from evently.site.templatetags.show import money, number
from events.admin.team import rights
from events.models import Event
from events.queries import zone_of
from events.roles import Capability

# The chart's own units: the drawing is scaled to the page.
BAR_WIDTH = 18
BAR_STEP = 24
CHART_HEIGHT = 140
STUB = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in the chart, in the chart's units; a day without bookings has a stub."""

    day: Day
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that waits for a person, and where to do it."""

    text: str
    address: str


def add_numbers(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the figures of the person's teams to the context of the start page."""
    user, now = person(request), timezone.now()
    zone = zone_of(user)
    with tolerant_reads(by=user.pk):
        days = list_days(user=user, now=now, zone=zone)
        selling = list(list_selling(user=user, now=now))
    sees_money = rights(request).may_somewhere(Capability.SEE_MONEY)
    return context | {
        "zone": zone.key,
        "today": days[-1],
        "bars": _bars(days),
        "bar_width": BAR_WIDTH,
        "most": max(day.seats for day in days),
        "month_seats": sum(day.seats for day in days),
        "days": days,
        "sees_money": sees_money,
        "revenue": _amounts(days[-1].revenue),
        "selling": selling,
        "decisions": _decisions(user, now),
        "may_add": rights(request).may_in_some_team(Capability.EDIT_EVENTS),
    }


def _bars(days: list[Day]) -> list[Bar]:
    most = max(1, *(day.seats for day in days))
    heights = [max(STUB, round(day.seats / most * CHART_HEIGHT, 1)) for day in days]
    return [
        Bar(day, x=place * BAR_STEP, y=CHART_HEIGHT - height, height=height)
        for place, (day, height) in enumerate(zip(days, heights, strict=True))
    ]


def _decisions(user: User, now: datetime) -> list[Decision]:
    decisions = [_decision(event) for event in list_undecided(user=user, now=now)]
    refunds = refunds_due(user=user)
    if refunds.bookings:
        told = ngettext(
            "%(count)s refund is to be paid: %(amounts)s.",
            "%(count)s refunds are to be paid: %(amounts)s.",
            refunds.bookings,
        ) % {"count": number(refunds.bookings), "amounts": _amounts(refunds.amounts)}
        address = reverse("admin:bookings_booking_changelist") + "?refund__exact=due"
        decisions.insert(0, Decision(told, address))
    return decisions


def _decision(event: Event) -> Decision:
    if event.status == Event.Status.DRAFT:
        text = _("“%(event)s” is still a draft. Publish it, or move it.")
    else:
        text = _("“%(event)s” is sold out. Add seats, or another date.")
    address = reverse("admin:events_event_change", args=[event.pk])
    return Decision(text % {"event": event.name}, address)


def _amounts(revenue: dict[str, Any]) -> str:
    """Amounts of several currencies beside each other: they cannot be added."""
    return (
        " + ".join(money(amount, currency) for currency, amount in sorted(revenue.items())) or "–"
    )
