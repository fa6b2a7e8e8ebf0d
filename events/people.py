"""Which people have something of which events."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection

# By arrays: as lists of parameters the ids of a batch cost more than the look-up.
PAIRS = """
    SELECT event_id, user_id
    FROM {table}
    WHERE event_id = ANY(%s::uuid[]) AND user_id = ANY(%s::uuid[]) AND status = ANY(%s)
"""


def list_pairs(
    table: str,
    *,
    event_ids: Collection[UUID],
    user_ids: Collection[UUID],
    statuses: Collection[str],
) -> set[tuple[UUID, UUID]]:
    """The pairs of event and person that have a row with one of these states in this table."""
    with connection.cursor() as cursor:
        cursor.execute(
            PAIRS.format(table=table), [list(set(event_ids)), list(set(user_ids)), list(statuses)]
        )
        return set(cursor.fetchall())
