"""Whoever books in public while waiting waits no more."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from bookings.facts import BookingConfirmed
from bookings.queries import list_holders
from evently.transactions import unit_of_work
from events.inventory import return_seats, serve_queue
from events.locks import lock_event
from waitlist.models import Entry, Offer
from waitlist.queries import list_waiting
from waitlist.services.rows import end_entries, end_offers


def note_bookings(facts: Sequence[BookingConfirmed]) -> None:
    """Look once for a whole batch of bookings whether somebody among them waits. It is rare: what
    follows is a transaction of its own, after the commit.

    Were that lost, the person would be found when their turn comes; see `promotion`.
    """
    by_event: dict[UUID, list[UUID]] = defaultdict(list)
    for event_id, user_id in list_waiting({(fact.event_id, fact.user_id) for fact in facts}):
        by_event[event_id].append(user_id)
    now = timezone.now()
    for event_id, user_ids in by_event.items():

        def end(event_id: UUID = event_id, user_ids: list[UUID] = user_ids) -> None:
            # A function of its own: Django logs the failure of a robust one by its name.
            end_entries_of_booked(event_id=event_id, user_ids=user_ids, now=now)

        transaction.on_commit(end, robust=True)


def end_entries_of_booked(*, event_id: UUID, user_ids: Collection[UUID], now: datetime) -> None:
    """End the live entries of those of the people who have a booking; open offers are withdrawn,
    and their seats go on.

    Side effects:
        Opens the transaction. Locks the event row. Publishes EntryEnded, and LineMoved or
        OfferEnded.
    """
    with unit_of_work():
        event = lock_event(event_id)
        holders = [user_id for _, user_id in list_holders([event_id], user_ids)]
        entries = list(Entry.objects.live().filter(event=event, user__in=holders))
        offers = list(Offer.objects.open().filter(entry__in=[entry.pk for entry in entries]))
        seats = end_offers(offers, status=Offer.Status.WITHDRAWN, now=now)
        end_entries(event, entries, status=Entry.Status.BOOKED, now=now)
        if seats:
            return_seats(event, seats=seats, now=now)
        else:
            serve_queue(event, now=now)
