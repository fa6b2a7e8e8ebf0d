"""People, events and bookings in any number, by SQL on whole sets; and what the rows say later."""

from dataclasses import dataclass

import psycopg
from psycopg.rows import dict_row

Connection = psycopg.Connection[dict[str, object]]

PEOPLE = """
INSERT INTO accounts_user
    (id, email, name, password, is_active, is_staff, is_superuser, date_joined)
SELECT id, 'bench-' || id || '@evently.invalid', 'Bench', '!', true, false, false, now()
FROM (SELECT uuidv7() AS id FROM generate_series(1, %(number)s)) AS people
RETURNING id::text
"""
EVENTS = """
WITH organiser AS (
    INSERT INTO events_organiser (id, name, created_at) VALUES (uuidv7(), %(name)s, now())
    RETURNING id
)
INSERT INTO events_event
    (id, organiser_id, name, description, venue, starts_at, ends_at, timezone, capacity,
     available_seats, price, currency, max_per_booking, repeat_bookings_allowed, status, version,
     edited_version, created_at, words)
SELECT uuidv7(), organiser.id, %(name)s || ' ' || place, repeat('An evening to remember. ', 8),
    'Hall ' || place %% 50, now() + interval '30 days' + place * interval '1 minute',
    now() + interval '31 days' + place * interval '1 minute', 'Europe/Berlin', %(seats)s, %(seats)s,
    10 + place %% 40, 'EUR', 10, false, 'published', 1, 1, now(),
    setweight(to_tsvector('simple', %(name)s || ' ' || place), 'A')
    || setweight(to_tsvector('simple', 'Hall ' || place %% 50), 'B')
    || setweight(to_tsvector('simple', 'An evening to remember'), 'C')
FROM organiser, generate_series(1, %(number)s) AS place
RETURNING id::text
"""
# Person after person for each event, as often as it takes; foreign keys hold by construction.
BOOKINGS = """
WITH people AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM accounts_user),
    events AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM events_event)
INSERT INTO bookings_booking
    (id, reference, event_id, user_id, quantity, unit_price, currency, status,
     only_one_per_person, refund, created_at)
SELECT uuidv7(), upper(substr(md5(turn::text), 1, 16)), events.id, people.id, 1, 10, 'EUR',
    'confirmed', true, 'none', now() - interval '90 days' + turn * interval '7 seconds'
FROM generate_series(0, %(number)s - 1) AS turn
JOIN events ON events.place = turn %% (SELECT count(*) FROM events)
JOIN people ON people.place
    = (turn / (SELECT count(*) FROM events) + events.place) %% (SELECT count(*) FROM people)
"""
COUNTERS = """
UPDATE events_event SET available_seats = capacity - taken.seats
FROM (SELECT event_id, sum(quantity) AS seats FROM bookings_booking GROUP BY event_id) AS taken
WHERE taken.event_id = id
"""
# Groups of one to four, of all tiers; the tree of counts as `waitlist.counting` keeps it.
LINE = """
WITH line AS (
    INSERT INTO waitlist_waitlist
        (event_id, is_paused, offer_minutes, gather_minutes, kept_seats, last_number)
    VALUES (%(event)s, false, 10, 0, 0, cardinality(%(people)s::uuid[]))
), entries AS (
    INSERT INTO waitlist_entry
        (id, event_id, user_id, number, quantity, part_is_fine, fewest, tier, status, joined_at)
    SELECT uuidv7(), %(event)s, person, number, 1 + number %% 4, false, 1 + number %% 4,
        (ARRAY[80, 100, 120, 150, 200])[1 + number / 7 %% 5], 'waiting', now()
    FROM unnest(%(people)s::uuid[]) WITH ORDINALITY AS people (person, number)
    RETURNING event_id, tier, number, quantity
)
INSERT INTO waitlist_count (event_id, tier, level, place, people, seats)
SELECT event_id, tier, level, number >> 6 * (level + 1), count(*), sum(quantity)
FROM entries, generate_series(0, 2) AS level
GROUP BY 1, 2, 3, 4
"""
MAILS = """
WITH notices AS (
    INSERT INTO notifications_notice
        (id, kind, user_id, about, data, language, created_at, planned_at)
    SELECT uuidv7(), 'welcome', id, uuidv7(), '{}', 'en', now(), now()
    FROM (SELECT id FROM accounts_user ORDER BY id LIMIT %(number)s) AS people
    RETURNING id
)
INSERT INTO notifications_delivery
    (id, notice_id, channel, status, attempts, due_at, provider, provider_message_id, last_error)
SELECT uuidv7(), id, 'mail', 'due', 0, now(), '', '', '' FROM notices
"""
TALLY = """
SELECT coalesce(sum(taken.bookings), 0)::int AS bookings,
    count(*) FILTER (
        WHERE capacity <> available_seats + coalesce(taken.seats, 0) OR available_seats < 0
    )::int AS unsound
FROM events_event
LEFT JOIN (
    SELECT event_id, count(*) AS bookings, sum(quantity) AS seats
    FROM bookings_booking WHERE status = 'confirmed' GROUP BY event_id
) AS taken ON taken.event_id = id
WHERE id = ANY(%(events)s)
"""


@dataclass(frozen=True, slots=True)
class Tally:
    """The confirmed bookings of some events, and the events whose seats do not add up."""

    bookings: int
    unsound: int


def connect(url: str, database: str = "") -> Connection:
    """A connection that commits each statement; `database` instead of the one in the address."""
    return psycopg.connect(url, autocommit=True, row_factory=dict_row, dbname=database or None)


def add_people(rows: Connection, number: int) -> list[str]:
    """People who can log in with a token alone; returns their ids."""
    return _ids(rows, PEOPLE, number=number)


def add_events(rows: Connection, *, number: int, seats: int, name: str = "Bench") -> list[str]:
    """Published events of one organiser, a month from now; returns their ids.

    The planner knows of them at once, as it would within a minute by itself: until then it may look
    through all of them for one.
    """
    added = _ids(rows, EVENTS, number=number, seats=seats, name=name)
    rows.execute("ANALYZE events_event")
    return added


def add_bookings(rows: Connection, number: int) -> None:
    """Confirmed bookings of one seat, spread evenly over all events and people there are."""
    with rows.transaction():
        # Checking two million foreign keys one by one would take most of the time.
        rows.execute("SET LOCAL session_replication_role = replica")
        rows.execute(BOOKINGS, {"number": number})
        rows.execute(COUNTERS)


def add_line(rows: Connection, event: str, people: list[str]) -> None:
    """These people wait for seats of the event, in this order."""
    rows.execute(LINE, {"event": event, "people": people})


def queue_mails(rows: Connection, number: int) -> None:
    """So many mails wait to be sent, and no others; one for a person at most."""
    rows.execute("TRUNCATE notifications_notice CASCADE")
    rows.execute(MAILS, {"number": number})
    settle(rows)


def empty_queue(rows: Connection) -> None:
    """No mail waits to be sent."""
    rows.execute("TRUNCATE notifications_notice CASCADE")
    settle(rows)


def tally(rows: Connection, event_ids: list[str]) -> Tally:
    """What the rows say of these events."""
    [found] = rows.execute(TALLY, {"events": event_ids}).fetchall()
    return Tally(**found)  # type: ignore[arg-type]


def settle(rows: Connection) -> None:
    """Let the planner know what is there, and write it down before anything is measured."""
    rows.execute("VACUUM ANALYZE")
    rows.execute("CHECKPOINT")


def _ids(rows: Connection, statement: str, **values: object) -> list[str]:
    return [str(row["id"]) for row in rows.execute(statement.encode(), values).fetchall()]
