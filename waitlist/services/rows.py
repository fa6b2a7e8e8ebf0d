"""Entries and offers that begin and end: what all use cases write, with the event's row locked.

Each writes sets of rows of one event in a few statements, keeps the tree of counts, and tells.
"""

from collections.abc import Sequence
from datetime import datetime

from bookings.models import Booking
from evently.errors import Busy
from evently.facts import publish
from events.models import Event
from waitlist.counting import count_in, count_out
from waitlist.facts import EntryEnded, LineMoved, OfferEnded, OfferMade
from waitlist.models import Entry, Offer, Waitlist

BATCH = 1_000


def make_offers(
    event: Event,
    line: Waitlist,
    dealt: Sequence[tuple[Entry, int]],
    *,
    now: datetime,
    is_by_hand: bool = False,
) -> list[Offer]:
    """Offer seats to entries that stand in line, at the price of now; the seats are the caller's
    to claim."""
    expires_at = now + line.offer_window(event, now)
    offers = [
        Offer(
            entry=entry,
            event=event,
            user_id=entry.user_id,
            seats=seats,
            unit_price=event.price,
            currency=event.currency,
            is_by_hand=is_by_hand,
            made_at=now,
            expires_at=expires_at,
        )
        for entry, seats in dealt
    ]
    Offer.objects.bulk_create(offers, batch_size=BATCH)
    _leave_line(event, [entry for entry, _ in dealt], status=Entry.Status.OFFERED, now=None)
    for offer in offers:
        publish(_made(offer))
    return offers


def end_entries(
    event: Event, entries: Sequence[Entry], *, status: Entry.Status, now: datetime
) -> None:
    """End live entries, whether they stand in line or have been offered seats.

    Raises:
        Busy: one of them has ended before (somebody wrote without the lock).
    """
    _leave_line(event, entries, status=status, now=now)
    for entry in entries:
        publish(EntryEnded(entry.pk, event.pk, entry.user_id, status))


def end_offers(
    offers: Sequence[Offer],
    *,
    status: Offer.Status,
    now: datetime,
    booking: Booking | None = None,
) -> int:
    """End open offers; returns how many seats they held, which are the caller's to give on.

    Raises:
        Busy: one of them is open no more (somebody wrote without the lock).
    """
    still_open = Offer.objects.open().filter(pk__in=[offer.pk for offer in offers])
    _require_all(offers, still_open.update(status=status, ended_at=now, booking=booking))
    for offer in offers:
        offer.status, offer.ended_at, offer.booking = status, now, booking
        publish(OfferEnded(offer.pk, offer.entry_id, offer.event_id, offer.user_id, status))
    return sum(offer.seats for offer in offers)


def stand_in_line_again(event: Event, entry: Entry) -> None:
    """Put an entry whose offer has ended back where it stood."""
    entry.status = Entry.Status.WAITING
    entry.save(update_fields=["status"])
    count_in([entry])
    publish(LineMoved(event.pk))


def _leave_line(
    event: Event, entries: Sequence[Entry], *, status: Entry.Status, now: datetime | None
) -> None:
    waiting = [entry for entry in entries if entry.status == Entry.Status.WAITING]
    still_live = Entry.objects.live().filter(pk__in=[entry.pk for entry in entries])
    _require_all(entries, still_live.update(status=status, ended_at=now))
    for entry in entries:
        entry.status, entry.ended_at = status, now
    if waiting:
        count_out(waiting)
        publish(LineMoved(event.pk))


def _require_all(rows: Sequence[Entry] | Sequence[Offer], written: int) -> None:
    if written != len(rows):
        raise Busy


def _made(offer: Offer) -> OfferMade:
    return OfferMade(
        offer_id=offer.pk,
        entry_id=offer.entry_id,
        event_id=offer.event_id,
        user_id=offer.user_id,
        seats=offer.seats,
        unit_price=offer.unit_price,
        currency=offer.currency,
        expires_at=offer.expires_at,
    )
