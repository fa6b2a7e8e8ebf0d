"""Who gets seats that are free: the queue that the inventory serves before the public.

Again and again the first in line whose wish the free seats satisfy is offered seats; whoever they
are too few for keeps the place. What is left then fits nobody. It goes to the public, or, when the
organiser wants seats gathered, it is kept for the head of the line: at most for a set time, after
which it is everybody's again. While the line is paused, freed seats are kept for it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bookings.queries import list_holders
from events.models import Event
from waitlist.models import Entry, Waitlist
from waitlist.services.rows import end_entries, make_offers

# For each number of seats that somebody in line is content with, found by skipping from one to the
# next in the index, as many of the first as could all be served: never more rows than are needed,
# however long the line.
FITTING = """
    WITH RECURSIVE size AS (
        (
            SELECT fewest FROM waitlist_entry
            WHERE event_id = %(event)s AND status = 'waiting'
            ORDER BY fewest LIMIT 1
        )
        UNION ALL
        SELECT (
            SELECT fewest FROM waitlist_entry
            WHERE event_id = %(event)s AND status = 'waiting' AND fewest > size.fewest
            ORDER BY fewest LIMIT 1
        )
        FROM size WHERE size.fewest < %(free)s
    )
    SELECT entry.* FROM size CROSS JOIN LATERAL (
        SELECT * FROM waitlist_entry
        WHERE event_id = %(event)s AND status = 'waiting' AND fewest = size.fewest
        ORDER BY tier DESC, number LIMIT %(free)s / size.fewest
    ) AS entry
    WHERE size.fewest <= %(free)s
    ORDER BY entry.tier DESC, entry.number
"""


def serve(event: Event, free: int, now: datetime) -> int:
    """The waitlist as `events.inventory.register_queue` wants it.

    Returns:
        How many of the free seats it takes, for offers and to keep; fewer than none: so many that
        it kept are the public's.
    """
    line = Waitlist.objects.filter(pk=event.pk).first()
    if line is None:
        return 0
    kept_before = line.kept_seats
    freed = free - event.available_seats
    offered = 0
    if not event.is_bookable(now):
        _keep(line, 0)
    elif line.is_paused:
        _keep(line, kept_before + freed if _somebody_waits(event) else 0)
    elif free + kept_before:
        offered = _promote_and_gather(event, line, free, now)
    return offered + line.kept_seats - kept_before


def _promote_and_gather(event: Event, line: Waitlist, free: int, now: datetime) -> int:
    """Offer what fits, keep what is to be gathered; returns the seats that were offered."""
    pool, freed = free + line.kept_seats, free - event.available_seats
    is_due = line.kept_until is not None and line.kept_until <= now
    is_gathering = bool(line.gather_minutes and line.kept_until and not is_due)
    # What is gathered is the head's alone until it is enough or the time is over.
    reserved = line.kept_seats if is_gathering and not _is_enough_for_head(event, pool) else 0
    offered = _promote(event, line, pool - reserved, now)
    left = min(pool - offered, freed + (0 if is_due else line.kept_seats))
    if left and line.gather_minutes and _somebody_waits(event):
        until = line.kept_until if is_gathering else now + timedelta(minutes=line.gather_minutes)
        _keep(line, left, until)
    else:
        _keep(line, 0)
    return offered


def _promote(event: Event, line: Waitlist, free: int, now: datetime) -> int:
    dealt = _deal(_list_fitting(event, free, now), free) if free else []
    if dealt:
        make_offers(event, line, dealt, now=now)
    return sum(seats for _, seats in dealt)


def _deal(entries: Sequence[Entry], free: int) -> list[tuple[Entry, int]]:
    """Who of those in line gets how many of the free seats."""
    dealt = []
    for entry in entries:
        if entry.fewest <= free:
            seats = min(entry.quantity, free)
            dealt.append((entry, seats))
            free -= seats
    return dealt


def _list_fitting(event: Event, free: int, now: datetime) -> list[Entry]:
    """The first in line for whom so many seats are enough, more than can be served.

    Whoever got a booking elsewhere, and was not taken out of the line then, is now.
    """
    while True:
        entries = list(Entry.objects.raw(FITTING, {"event": event.pk, "free": free}))
        booked = _list_booked(event, entries)
        if not booked:
            return entries
        end_entries(event, booked, status=Entry.Status.BOOKED, now=now)


def _list_booked(event: Event, entries: Sequence[Entry]) -> list[Entry]:
    if event.repeat_bookings_allowed or not entries:
        return []
    holders = list_holders([event.pk], [entry.user_id for entry in entries])
    return [entry for entry in entries if (event.pk, entry.user_id) in holders]


def _is_enough_for_head(event: Event, seats: int) -> bool:
    head = Entry.objects.waiting().filter(event=event).in_order().first()
    return head is None or head.fewest <= seats


def _somebody_waits(event: Event) -> bool:
    return Entry.objects.waiting().filter(event=event).exists()


def _keep(line: Waitlist, seats: int, until: datetime | None = None) -> None:
    if (line.kept_seats, line.kept_until) != (seats, until):
        line.kept_seats, line.kept_until = seats, until
        line.save(update_fields=["kept_seats", "kept_until"])
