"""Writes notices in the transaction of the change that they tell of.

However many facts a transaction publishes, each kind costs it one statement. The constraint keeps
out what was told before, so that writing twice is the same as once.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from bookings.facts import BookingCancelled, BookingConfirmed
from evently.accounts.facts import AddressVerified
from evently.ids import new_id
from notifications.metrics import WRITTEN
from notifications.models import Kind
from notifications.nudging import nudger
from notifications.telling import tell_people
from waitlist.facts import EntryJoined, OfferEnded, OfferMade

# The person's row says in which language; people do not go, so that none is missing. The instant
# is the transaction's: that of the change.
INSERT = """
INSERT INTO notifications_notice (id, kind, user_id, event_id, about, data, language, created_at)
SELECT told.id, %s, told.user_id, told.event_id, told.about, told.data::jsonb,
       person.language, now()
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[])
     AS told (id, user_id, event_id, about, data)
JOIN accounts_user AS person ON person.id = told.user_id
ON CONFLICT (about, kind, user_id) DO NOTHING
"""
# An offer that ended so passed its person by; whoever accepts or declines knows.
PASSED = {"lapsed", "withdrawn"}

_is_quiet: ContextVar[bool] = ContextVar("nobody_is_told", default=False)


@contextmanager
def nobody_is_told() -> Iterator[None]:
    """What happens in the block is told to nobody: it was made up, as the demo is."""
    before = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A notice to be written; see `Notice` for what the fields mean."""

    user_id: UUID
    event_id: UUID | None
    about: UUID
    data: dict[str, Any] = field(default_factory=dict)


def write_notices(kind: Kind, tellings: Sequence[Telling]) -> None:
    """Write notices of one kind with one statement, and have them brought soon after the commit.

    To be called inside a transaction.
    """
    if not tellings or _is_quiet.get():
        return
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            [
                kind.value,
                [new_id() for _ in tellings],
                [telling.user_id for telling in tellings],
                [telling.event_id for telling in tellings],
                [telling.about for telling in tellings],
                [json.dumps(telling.data) if telling.data else "{}" for telling in tellings],
            ],
        )
        written = cursor.rowcount
    WRITTEN.labels(kind=kind.value).inc(written)
    people = [telling.user_id for telling in tellings]
    transaction.on_commit(lambda: tell_people(people))
    transaction.on_commit(nudger.wake)


# --- Scribes: see `evently.facts` -----------------------------------------------------------------


def tell_confirmed(facts: Sequence[BookingConfirmed]) -> None:
    write_notices(Kind.BOOKING_CONFIRMED, [_of_booking(fact) for fact in facts])


def tell_cancelled(facts: Sequence[BookingCancelled]) -> None:
    write_notices(Kind.BOOKING_CANCELLED, [_of_booking(fact) for fact in facts])


def tell_joined(facts: Sequence[EntryJoined]) -> None:
    write_notices(
        Kind.WAITLIST_JOINED,
        [
            Telling(user_id=fact.user_id, event_id=fact.event_id, about=fact.entry_id)
            for fact in facts
        ],
    )


def tell_offered(facts: Sequence[OfferMade]) -> None:
    write_notices(Kind.WAITLIST_OFFER, [_of_offer(fact) for fact in facts])


def tell_passed(facts: Sequence[OfferEnded]) -> None:
    write_notices(Kind.OFFER_PASSED, [_of_offer(fact) for fact in facts if fact.status in PASSED])


def tell_welcome(facts: Sequence[AddressVerified]) -> None:
    write_notices(
        Kind.WELCOME,
        [Telling(user_id=fact.user_id, event_id=None, about=fact.user_id) for fact in facts],
    )


def _of_booking(fact: BookingConfirmed | BookingCancelled) -> Telling:
    return Telling(user_id=fact.user_id, event_id=fact.event_id, about=fact.booking_id)


def _of_offer(fact: OfferMade | OfferEnded) -> Telling:
    return Telling(user_id=fact.user_id, event_id=fact.event_id, about=fact.offer_id)
