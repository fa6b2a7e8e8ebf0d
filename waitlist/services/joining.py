"""Joining a line, and leaving it."""

from datetime import datetime
from uuid import UUID

from bookings.errors import AlreadyBooked
from bookings.queries import list_holders
from bookings.services import find_obstacle
from evently.accounts.models import User
from evently.facts import publish
from evently.transactions import unit_of_work
from events.inventory import return_seats, serve_queue
from events.locks import lock_event
from events.models import Event
from waitlist.counting import count_in
from waitlist.errors import AlreadyWaiting, EntryNotFound, SeatsAvailable
from waitlist.facts import EntryJoined, LineMoved
from waitlist.locks import lock_line
from waitlist.models import Entry, Offer, Standing, Tier, Waitlist
from waitlist.queries import find_entry, find_open_offer
from waitlist.services.rows import end_entries, end_offers


def join_waitlist(
    *, event_id: UUID, user: User, quantity: int, part_is_fine: bool = False, now: datetime
) -> Entry:
    """Stand in line for seats that are not to be had.

    Args:
        quantity: the seats wanted. Fewer are offered only if `part_is_fine`; when some are free,
            they are offered at once then.
        now: aware UTC instant, read once at the edge.

    Raises:
        EventNotFound: no such event, or a draft.
        EventClosed: cancelled, over, or its sale has not begun or has ended.
        Invalid: more seats than one booking may have, or fewer than one.
        AlreadyWaiting: the person has a live entry.
        AlreadyBooked: the person has a booking, and the event allows one alone.
        SeatsAvailable: the wanted seats can be booked.

    Side effects:
        Opens the transaction. Locks the event row. Publishes EntryJoined, LineMoved, and what
        follows from an offer.
    """
    with unit_of_work():
        event, line = lock_line(event_id)
        _require_reason_to_wait(event, user, quantity, now)
        entry = Entry(
            event=event,
            user=user,
            quantity=quantity,
            part_is_fine=part_is_fine,
            fewest=1 if part_is_fine else quantity,
            tier=_tier_of(user, event),
            joined_at=now,
        )
        _stand_in_line(line, entry)
        if event.available_seats or line.kept_seats:
            serve_queue(event, now=now)
            entry.refresh_from_db(fields=["status"])
    return entry


def leave_waitlist(*, event_id: UUID, user: User, now: datetime) -> Entry:
    """Give up one's place, and the offer that came of it; its seats go on.

    Raises:
        EventNotFound: no such event.
        EntryNotFound: the person does not wait.

    Side effects:
        Opens the transaction. Locks the event row. Publishes EntryEnded, and LineMoved or
        OfferEnded.
    """
    with unit_of_work():
        event = lock_event(event_id)
        entry = find_entry(event_id=event_id, user=user)
        if entry is None:
            raise EntryNotFound
        take_out(event, entry, status=Entry.Status.LEFT, offer=Offer.Status.DECLINED, now=now)
    return entry


def take_out(
    event: Event, entry: Entry, *, status: Entry.Status, offer: Offer.Status, now: datetime
) -> None:
    """End a live entry of a locked event, and its open offer as `offer` says: the seats go on."""
    found = find_open_offer(entry)
    seats = end_offers([found], status=offer, now=now) if found else 0
    end_entries(event, [entry], status=status, now=now)
    if seats:
        return_seats(event, seats=seats, now=now)
    else:
        # What was kept back may be enough for who is the first now, or for nobody's use any more.
        serve_queue(event, now=now)


def _require_reason_to_wait(event: Event, user: User, quantity: int, now: datetime) -> None:
    if obstacle := find_obstacle(event, quantity=quantity, now=now):
        raise obstacle
    if find_entry(event_id=event.pk, user=user):
        raise AlreadyWaiting
    if not event.repeat_bookings_allowed and list_holders([event.pk], [user.pk]):
        raise AlreadyBooked
    if quantity <= event.available_seats:
        raise SeatsAvailable.of(event.available_seats)


def _tier_of(user: User, event: Event) -> Tier:
    standing = Standing.objects.filter(organiser=event.organiser_id, user=user).first()
    return Tier(standing.tier) if standing else Tier.STANDARD


def _stand_in_line(line: Waitlist, entry: Entry) -> None:
    line.last_number += 1
    line.save(update_fields=["last_number"])
    entry.number = line.last_number
    entry.save(force_insert=True)
    count_in([entry])
    publish(EntryJoined(entry.pk, entry.event_id, entry.user_id, entry.quantity))
    publish(LineMoved(entry.event_id))
