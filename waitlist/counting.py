"""Places in a line, counted without walking along it.

The people who wait in one tier of an event stand by their numbers. A tree of counts lies over the
numbers: a `Count` of level 0 covers 64 numbers, one of level 1 covers 64 of those, one of level 2
(the top) 64 of those; what lies beyond has more tops. Whoever joins or leaves changes one row in
each level. People ahead of number n are those of the tops before its own, of the parts before its
own in each level below, and those in its part of level 0, one by one: at most 63 rows each.

All of it happens with the event's row locked.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from waitlist.models import Entry

RADIX_BITS = 6
TOP = 2

# A node of the tree: tier, level and place.
Node = tuple[int, int, int]

ADD = """
    INSERT INTO waitlist_count AS standing (event_id, tier, level, place, people, seats)
    SELECT %s, tier, level, place, people, seats
    FROM unnest(%s::int[], %s::int[], %s::int[], %s::bigint[], %s::bigint[])
        AS come (tier, level, place, people, seats)
    ON CONFLICT (event_id, tier, level, place) DO UPDATE
    SET people = standing.people + excluded.people, seats = standing.seats + excluded.seats
"""
# No upsert: a row of its own would break the rule that a count is not below nought.
TAKE = """
    UPDATE waitlist_count AS standing
    SET people = standing.people - gone.people, seats = standing.seats - gone.seats
    FROM unnest(%s::int[], %s::int[], %s::int[], %s::bigint[], %s::bigint[])
        AS gone (tier, level, place, people, seats)
    WHERE standing.event_id = %s AND standing.tier = gone.tier AND standing.level = gone.level
        AND standing.place = gone.place
"""
AHEAD = """
    SELECT asked.id, coalesce(sum(ahead.people), 0)::bigint, coalesce(sum(ahead.seats), 0)::bigint
    FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[])
        AS asked (id, event_id, tier, number)
    LEFT JOIN LATERAL (
        SELECT people, seats FROM waitlist_count
        WHERE event_id = asked.event_id AND tier > asked.tier AND level = 2
        UNION ALL
        SELECT people, seats FROM waitlist_count
        WHERE event_id = asked.event_id AND tier = asked.tier AND level = 2
            AND place < asked.number >> 18
        UNION ALL
        SELECT people, seats FROM waitlist_count
        WHERE event_id = asked.event_id AND tier = asked.tier AND level = 1
            AND place >= asked.number >> 18 << 6 AND place < asked.number >> 12
        UNION ALL
        SELECT people, seats FROM waitlist_count
        WHERE event_id = asked.event_id AND tier = asked.tier AND level = 0
            AND place >= asked.number >> 12 << 6 AND place < asked.number >> 6
        UNION ALL
        SELECT 1, quantity FROM waitlist_entry
        WHERE event_id = asked.event_id AND tier = asked.tier AND status = 'waiting'
            AND number >= asked.number >> 6 << 6 AND number < asked.number
    ) AS ahead ON true
    GROUP BY asked.id
"""


def count_in(entries: Sequence[Entry]) -> None:
    """Count entries of one event that stand in line from now on: one statement."""
    if entries:
        columns = _columns(entries)
        with connection.cursor() as cursor:
            cursor.execute(ADD, [entries[0].event_id, *columns])


def count_out(entries: Sequence[Entry]) -> None:
    """Count entries of one event no more, by the tiers in which they stood: one statement."""
    if entries:
        columns = _columns(entries)
        with connection.cursor() as cursor:
            cursor.execute(TAKE, [*columns, entries[0].event_id])


def count_ahead(entries: Sequence[Entry]) -> dict[UUID, tuple[int, int]]:
    """For each entry's id, the people who wait ahead of it and the seats that they want."""
    rows = [(entry.pk, entry.event_id, entry.tier, entry.number) for entry in entries]
    with connection.cursor() as cursor:
        cursor.execute(AHEAD, [list(column) for column in zip(*rows, strict=True)])
        return {entry_id: (people, seats) for entry_id, people, seats in cursor.fetchall()}


def _columns(entries: Iterable[Entry]) -> list[list[int]]:
    people: Counter[Node] = Counter()
    seats: Counter[Node] = Counter()
    for entry in entries:
        for node in _nodes(entry):
            people[node] += 1
            seats[node] += entry.quantity
    rows = [(*node, people[node], seats[node]) for node in sorted(people)]
    return [list(column) for column in zip(*rows, strict=True)]


def _nodes(entry: Entry) -> list[Node]:
    """Where the entry is counted: one node in each level."""
    return [
        (entry.tier, level, entry.number >> RADIX_BITS * (level + 1)) for level in range(TOP + 1)
    ]
