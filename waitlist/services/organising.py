"""What an organiser does with a line: its rules, and single people in it. All of it is kept in the
history."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bookings.errors import SoldOut
from bookings.queries import list_holders
from bookings.services import find_obstacle
from evently.accounts.models import User
from evently.errors import Invalid
from evently.facts import publish
from evently.transactions import unit_of_work
from events.inventory import return_seats, serve_queue, take_seats
from events.models import Event
from waitlist.counting import count_in, count_out
from waitlist.errors import NotInLine, OfferPassed
from waitlist.facts import LineMoved, OfferExtended
from waitlist.locks import lock_entry_for_editor, lock_event_for_editor, lock_offer_for_editor
from waitlist.models import MAX_MINUTES, Entry, Offer, Tier, Waitlist
from waitlist.services.joining import take_out
from waitlist.services.offers import expire_offers_of, require_open
from waitlist.services.recording import record_entry, record_rules
from waitlist.services.rows import end_offers, make_offers, stand_in_line_again

RULES = ("is_paused", "offer_minutes", "gather_minutes")


def set_rules(*, event_id: UUID, by: User, changes: Mapping[str, Any], now: datetime) -> Waitlist:
    """Pause an event's line or let it go on, and say how long offers stand and seats are gathered.

    Args:
        changes: new values of `is_paused`, `offer_minutes` or `gather_minutes`; others are left
            alone. Offers that stand already keep their time.
        now: aware UTC instant, read once at the edge.

    Raises:
        EventNotFound, Forbidden: not the user's to see, or to change.
        Invalid: fewer or more minutes than allowed; `errors` says which.

    Side effects:
        Opens the transaction. Locks the event row. Writes history. Publishes what follows from
        offers when seats that were kept can go on.
    """
    with unit_of_work():
        event = lock_event_for_editor(event_id, by)
        line, _created = Waitlist.objects.get_or_create(pk=event.pk)
        new = {name: changes[name] for name in RULES if name in changes}
        before = {name: getattr(line, name) for name in new}
        for name, value in new.items():
            setattr(line, name, value)
        _require_valid(line)
        line.save(update_fields=[*new])
        told = {name: (before[name], new[name]) for name in new if before[name] != new[name]}
        record_rules(event, by=by, changes=told)
        serve_queue(event, now=now)
        line.refresh_from_db()
    return line


def process_waitlist(*, event_id: UUID, by: User, now: datetime) -> int:
    """Let the offers pass whose time is over, and offer what is free; returns how many offers were
    made. Evently does this by itself: this does it now.

    Raises:
        EventNotFound, Forbidden: not the user's to see, or to change.

    Side effects:
        Opens the transaction. Locks the event row. Publishes as `expire_offers`.
    """
    with unit_of_work():
        event = lock_event_for_editor(event_id, by)
        expire_offers_of(event, now=now)
        serve_queue(event, now=now)
        return Offer.objects.open().filter(event=event, made_at=now).count()


def offer_by_hand(*, entry_id: UUID, by: User, now: datetime) -> Offer:
    """Offer seats to somebody in line, whoever stands ahead: kept seats first, then public ones.

    Raises:
        EntryNotFound, Forbidden: none of the user's teams, or not for their role.
        NotInLine: offered already, ended, or booked elsewhere.
        EventClosed: the event is not on sale.
        SoldOut: fewer seats are free than the person wants, or one if a part is fine.

    Side effects:
        Opens the transaction. Locks the event row. Writes history. Publishes OfferMade and
        LineMoved, and EventStateChanged when public seats were taken.
    """
    with unit_of_work():
        event, entry = lock_entry_for_editor(entry_id, by)
        _require_in_line(entry)
        _require_offerable(event, entry, now)
        line = Waitlist.objects.get(pk=event.pk)
        seats = _take_for(entry, line, event)
        [offer] = make_offers(event, line, [(entry, seats)], now=now, is_by_hand=True)
        status = (Entry.Status.WAITING, Entry.Status.OFFERED)
        record_entry(event, entry, by=by, changes={"status": status})
    return offer


def withdraw_offer(*, offer_id: UUID, by: User, now: datetime) -> Entry:
    """Take an open offer back: the person stands in line again, where they stood.

    The seats go on to the first in line, who may be the same person: to keep the seats, pause the
    line first.

    Raises:
        OfferNotFound, Forbidden: none of the user's teams, or not for their role.
        OfferPassed: it has ended.

    Side effects:
        Opens the transaction. Locks the event row. Writes history. Publishes OfferEnded,
        LineMoved, and what follows from the next offer.
    """
    with unit_of_work():
        event, offer = lock_offer_for_editor(offer_id, by)
        require_open(offer)
        _withdraw(event, offer, now)
        status = (Entry.Status.OFFERED, Entry.Status.WAITING)
        record_entry(event, offer.entry, by=by, changes={"status": status})
    offer.entry.refresh_from_db(fields=["status"])
    return offer.entry


def extend_offer(*, offer_id: UUID, by: User, minutes: int, now: datetime) -> Offer:
    """Let an open offer stand so many minutes longer, but never longer than the sale.

    Raises:
        OfferNotFound, Forbidden: none of the user's teams, or not for their role.
        OfferPassed: it has ended, or its time is over.
        Invalid: less than a minute or more than a week.

    Side effects:
        Opens the transaction. Locks the event row. Writes history. Publishes OfferExtended.
    """
    if not 1 <= minutes <= MAX_MINUTES:
        told = _("Choose between 1 and %(most)s minutes.") % {"most": MAX_MINUTES}
        raise Invalid(minutes=told)
    with unit_of_work():
        event, offer = lock_offer_for_editor(offer_id, by)
        require_open(offer)
        if offer.expires_at <= now:
            raise OfferPassed(offer_status=offer.status)
        before = offer.expires_at
        longer = before + timedelta(minutes=minutes)
        offer.expires_at = max(before, min(longer, event.sale_ends_at))
        offer.save(update_fields=["expires_at"])
        changes = {"expires_at": (before, offer.expires_at)}
        record_entry(event, offer.entry, by=by, changes=changes)
        publish(
            OfferExtended(offer.pk, offer.entry_id, offer.event_id, offer.user_id, offer.expires_at)
        )
    return offer


def move_entry(*, entry_id: UUID, by: User, tier: Tier, reason: str, now: datetime) -> Entry:
    """Let somebody stand in another tier, in it by when they joined.

    Raises:
        EntryNotFound, Forbidden: none of the user's teams, or not for their role.
        NotInLine: offered seats, or ended.
        Invalid: no reason is given.

    Side effects:
        Opens the transaction. Locks the event row. Writes history with the reason. Publishes
        LineMoved.
    """
    require_reason(reason)
    with unit_of_work():
        event, entry = lock_entry_for_editor(entry_id, by)
        _require_in_line(entry)
        before = entry.tier
        count_out([entry])
        entry.tier = tier
        entry.save(update_fields=["tier"])
        count_in([entry])
        changes = {"tier": (before, entry.tier), "reason": (None, reason)}
        record_entry(event, entry, by=by, changes=changes)
        publish(LineMoved(event.pk))
        # Whoever is the first now may be content with what was kept for another.
        serve_queue(event, now=now)
        entry.refresh_from_db(fields=["status"])
    return entry


def remove_entry(*, entry_id: UUID, by: User, reason: str, now: datetime) -> Entry:
    """Take somebody out of the line, and take their open offer back: its seats go on.

    Raises:
        EntryNotFound, Forbidden: none of the user's teams, or not for their role.
        NotInLine: ended before.
        Invalid: no reason is given.

    Side effects:
        Opens the transaction. Locks the event row. Writes history with the reason. Publishes
        EntryEnded, and OfferEnded or LineMoved.
    """
    require_reason(reason)
    with unit_of_work():
        event, entry = lock_entry_for_editor(entry_id, by)
        if entry.status not in Entry.LIVE:
            raise NotInLine(entry_status=entry.status)
        removed = Entry.Status.REMOVED
        changes = {"status": (entry.status, removed), "reason": (None, reason)}
        record_entry(event, entry, by=by, changes=changes)
        take_out(event, entry, status=removed, offer=Offer.Status.WITHDRAWN, now=now)
    return entry


def require_reason(reason: str) -> None:
    """
    Raises:
        Invalid: there is none.
    """
    if not reason.strip():
        raise Invalid(reason=_("Say why: it is kept in the history."))


def _require_valid(line: Waitlist) -> None:
    try:
        line.clean_fields(exclude={"event"})
    except ValidationError as error:
        raise Invalid(**error.message_dict) from error


def _require_in_line(entry: Entry) -> None:
    if entry.status != Entry.Status.WAITING:
        raise NotInLine(entry_status=entry.status)


def _require_offerable(event: Event, entry: Entry, now: datetime) -> None:
    if obstacle := find_obstacle(event, quantity=1, now=now):
        raise obstacle
    if not event.repeat_bookings_allowed and list_holders([event.pk], [entry.user_id]):
        raise NotInLine(_("This person has booked meanwhile."), entry_status=entry.status)


def _withdraw(event: Event, offer: Offer, now: datetime) -> None:
    seats = end_offers([offer], status=Offer.Status.WITHDRAWN, now=now)
    stand_in_line_again(event, offer.entry)
    return_seats(event, seats=seats, now=now)


def _take_for(entry: Entry, line: Waitlist, event: Event) -> int:
    """Take what is to be offered from what the line kept, the rest from the public."""
    free = line.kept_seats + event.available_seats
    if entry.fewest > free:
        raise SoldOut.short_of(wanted=entry.fewest, available=free, event_id=event.pk)
    seats = min(entry.quantity, free)
    from_kept = min(seats, line.kept_seats)
    line.kept_seats -= from_kept
    line.kept_until = line.kept_until if line.kept_seats else None
    line.save(update_fields=["kept_seats", "kept_until"])
    if seats > from_kept:
        take_seats(event, seats=seats - from_kept)
    return seats
