"""What becomes of offers: accepted, declined, or passed."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.utils.translation import gettext as _

from bookings.models import Booking
from bookings.services import ClaimedSeats, book_claimed_seats, find_obstacle
from evently.accounts.models import User
from evently.errors import Busy
from evently.transactions import unit_of_work
from events.inventory import return_seats, serve_queue
from events.locks import lock_event
from events.models import Event
from waitlist.errors import OfferPassed
from waitlist.locks import lock_own_offer
from waitlist.models import Entry, Offer, Waitlist
from waitlist.services.rows import BATCH, end_entries, end_offers

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")


def accept_offer(*, offer_id: UUID, user: User, now: datetime) -> Booking:
    """Book the seats of one's own offer, at the price that it promised.

    Accepting it again returns the booking that came of it, and changes nothing.

    Args:
        now: aware UTC instant, read once at the edge.

    Raises:
        OfferNotFound: no such offer, or somebody else's.
        OfferPassed: it has ended, or its time is over: then it ends now.
        EventClosed: cancelled or over meanwhile.
        AlreadyBooked: the person has a booking, and the event allows one alone.

    Side effects:
        Opens the transaction. Locks the event row. Publishes BookingConfirmed, OfferEnded and
        EntryEnded.
    """

    def accept(event: Event, offer: Offer) -> Booking:
        return offer.booking or _accept(event, offer, now)

    return _answer(offer_id, user, now, Offer.Status.ACCEPTED, accept)


def decline_offer(*, offer_id: UUID, user: User, now: datetime) -> None:
    """Give the seats of one's own offer to the next, and leave the line.

    Declining it again changes nothing.

    Raises:
        OfferNotFound, OfferPassed: as `accept_offer`.

    Side effects:
        Opens the transaction. Locks the event row. Publishes OfferEnded, EntryEnded, and what
        follows from the next offer.
    """

    def decline(event: Event, offer: Offer) -> None:
        if offer.status != Offer.Status.DECLINED:
            _decline(event, offer, now)

    _answer(offer_id, user, now, Offer.Status.DECLINED, decline)


def expire_offers(*, now: datetime) -> int:
    """Let offers pass whose time is over, and release seats that were gathered for long enough;
    returns how many offers passed.

    An event whose row is not to be had is left to the next run.

    Side effects:
        Opens a transaction for each event and thousand offers. Locks the event row. Publishes
        OfferEnded, EntryEnded, and what follows from the next offers.
    """
    return sum(_expire(event_id, now) for event_id in _find_due(now))


def require_open(offer: Offer) -> None:
    """
    Raises:
        OfferPassed: the offer has ended.
    """
    if offer.status == Offer.Status.ACCEPTED:
        raise OfferPassed(_("This offer was accepted before."), offer_status=offer.status)
    if offer.status != Offer.Status.OPEN:
        raise OfferPassed(offer_status=offer.status)


def _answer(
    offer_id: UUID,
    user: User,
    now: datetime,
    wanted: Offer.Status,
    do: Callable[[Event, Offer], Answer],
) -> Answer:
    """Do what the person wants with an offer that stands, or has ended as they want it already; one
    whose time is over ends now."""
    with unit_of_work():
        event, offer = lock_own_offer(offer_id, user)
        if offer.status == wanted:
            return do(event, offer)
        require_open(offer)
        if offer.expires_at > now:
            return do(event, offer)
        _lapse(event, [offer], now)
    raise OfferPassed(offer_status=offer.status)


def _accept(event: Event, offer: Offer, now: datetime) -> Booking:
    # The number of seats is promised: only whether anything is sold at all is asked here.
    if obstacle := find_obstacle(event, quantity=1, now=now):
        raise obstacle
    claimed = ClaimedSeats(
        user_id=offer.user_id,
        quantity=offer.seats,
        unit_price=offer.unit_price,
        currency=offer.currency,
    )
    booking = book_claimed_seats(event, claimed, now=now)
    end_offers([offer], status=Offer.Status.ACCEPTED, now=now, booking=booking)
    end_entries(event, [offer.entry], status=Entry.Status.BOOKED, now=now)
    return booking


def _decline(event: Event, offer: Offer, now: datetime) -> None:
    seats = end_offers([offer], status=Offer.Status.DECLINED, now=now)
    end_entries(event, [offer.entry], status=Entry.Status.DECLINED, now=now)
    return_seats(event, seats=seats, now=now)


def _lapse(event: Event, offers: Sequence[Offer], now: datetime) -> None:
    seats = end_offers(offers, status=Offer.Status.LAPSED, now=now)
    end_entries(event, [offer.entry for offer in offers], status=Entry.Status.LAPSED, now=now)
    return_seats(event, seats=seats, now=now)


def _find_due(now: datetime) -> list[UUID]:
    """Events with something that is over."""
    offers = Offer.objects.open().filter(expires_at__lte=now).values_list("event_id", flat=True)
    gathered = Waitlist.objects.filter(kept_until__lte=now).values_list("pk", flat=True)
    return sorted({*offers.distinct().order_by(), *gathered})


def _expire(event_id: UUID, now: datetime) -> int:
    passed = 0
    try:
        while number := _expire_some(event_id, now):
            passed += number
    except Busy as busy:
        logger.warning("Offers of event %s pass at the next run: %s", event_id, busy)
    return passed


def _expire_some(event_id: UUID, now: datetime) -> int:
    with unit_of_work():
        event = lock_event(event_id)
        offers = expire_offers_of(event, now=now)
        if not offers:
            serve_queue(event, now=now)
    return offers


def expire_offers_of(event: Event, *, now: datetime) -> int:
    """As `expire_offers`, up to a thousand offers of a locked event, in the caller's
    transaction."""
    due = Offer.objects.open().filter(event=event, expires_at__lte=now)
    offers = list(due.select_related("entry").order_by("expires_at", "pk")[:BATCH])
    if offers:
        _lapse(event, offers, now)
    return len(offers)
