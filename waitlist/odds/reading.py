"""What the database tells of an event's sale, as `records.Record`."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connections, router
from django.db.models import Case, Count, FloatField, Q, QuerySet, Value, When
from django.db.models.functions import Abs, Cast, Ln

from bookings.models import Booking
from events.models import Event
from waitlist.models import Entry, Offer
from waitlist.odds.records import STRETCHES, Record

DAY = timedelta(days=1)
PAST_EVENTS = 12
YEARS_BACK = timedelta(days=730)
# No smaller and no larger than this many times the event.
ALIKE = 4
# In prices, so that 1 and 2 are no worlds apart, and something is nearer to free than much.
PRICE_GROUND = 5.0

# As `records.record_of` does it, for bookings that lie in the database.
STRETCH_TOTALS = """
    WITH sale AS (
        SELECT extract(epoch FROM %(begin)s - created_at) / 86400.0 AS made,
            extract(epoch FROM %(begin)s - cancelled_at) / 86400.0 AS gone
        FROM bookings_booking
        WHERE event_id = %(event)s AND created_at <= %(until)s
    )
    SELECT count(*) FILTER (WHERE gone >= late AND gone < early AND gone >= %(left)s),
        coalesce(sum(greatest(0, least(made, early)
            - greatest(coalesce(gone, '-infinity'), %(left)s, late)))
            FILTER (WHERE made > late), 0)
    FROM unnest(%(late)s::float8[], %(early)s::float8[]) WITH ORDINALITY AS stretch (late, early, n)
    LEFT JOIN sale ON made > late
    GROUP BY n, late, early ORDER BY n
"""


def days_left(event: Event, now: datetime) -> float:
    return (event.starts_at - now) / DAY


def read_record(event: Event, *, until: datetime) -> Record:
    """The event's sale until an instant: three queries."""
    rows = _stretch_totals(event, until)
    sizes = Booking.objects.filter(event=event, created_at__lte=until).order_by()
    ended = Q(ended_at__lte=until)
    answers = Offer.objects.filter(event=event).aggregate(
        answered=Count("pk", filter=ended & ~Q(status=Offer.Status.WITHDRAWN)),
        returned=Count(
            "pk", filter=ended & Q(status__in=(Offer.Status.DECLINED, Offer.Status.LAPSED))
        ),
    )
    return Record(
        cancelled=[cancelled for cancelled, _ in rows],
        at_risk=[float(days) for _, days in rows],
        sizes=dict(sizes.values_list("quantity").annotate(Count("pk"))),
        **answers,
    )


def list_similar(event: Event, *, now: datetime) -> list[Event]:
    """Events that are over and were like this one: the organiser's own first, then the likest."""
    price = Ln((Cast("price", FloatField()) + PRICE_GROUND) / (float(event.price) + PRICE_GROUND))
    size = Ln(Cast("capacity", FloatField()) / event.capacity)
    over: QuerySet[Any] = Event.objects.filter(
        status__in=(Event.Status.COMPLETED, Event.Status.PUBLISHED),
        ends_at__lte=now,
        ends_at__gt=now - YEARS_BACK,
        capacity__gte=event.capacity / ALIKE,
        capacity__lte=event.capacity * ALIKE,
    ).exclude(pk=event.pk)
    elsewhere = Case(When(organiser=event.organiser_id, then=Value(0)), default=Value(1))
    ordered = over.annotate(elsewhere=elsewhere, unlike=Abs(size) + Abs(price))
    return list(ordered.order_by("elsewhere", "unlike", "-ends_at", "pk")[:PAST_EVENTS])


def read_line(event_id: UUID) -> Counter[tuple[int, int]]:
    """How many people wait, by the fewest seats that they take and the number that they want."""
    waiting = Entry.objects.waiting().filter(event=event_id).order_by()
    counted = waiting.values_list("fewest", "quantity").annotate(people=Count("pk"))
    return Counter({(fewest, most): people for fewest, most, people in counted})


def count_live_bookings(event: Event, *, at: datetime) -> int:
    """Bookings that could be cancelled at that instant."""
    alive = Q(cancelled_at=None) | Q(cancelled_at__gt=at)
    return Booking.objects.filter(alive, event=event, created_at__lte=at).count()


def _stretch_totals(event: Event, until: datetime) -> list[tuple[int, float]]:
    late, early = zip(*STRETCHES, strict=True)
    alias = router.db_for_read(Booking) or "default"
    with connections[alias].cursor() as cursor:
        cursor.execute(
            STRETCH_TOTALS,
            {
                "event": event.pk,
                "begin": event.starts_at,
                "until": until,
                "left": days_left(event, until),
                "late": list(late),
                "early": list(early),
            },
        )
        return list(cursor.fetchall())
