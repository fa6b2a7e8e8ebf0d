"""Use cases of the waitlist. Each opens its own transaction."""

from waitlist.services.booked import note_bookings
from waitlist.services.joining import join_waitlist, leave_waitlist
from waitlist.services.offers import accept_offer, decline_offer, expire_offers
from waitlist.services.organising import (
    extend_offer,
    move_entry,
    offer_by_hand,
    process_waitlist,
    remove_entry,
    set_rules,
    withdraw_offer,
)
from waitlist.services.promotion import serve
from waitlist.services.standing import set_standing
from waitlist.services.sweeping import close_waitlist, sweep

__all__ = [
    "accept_offer",
    "close_waitlist",
    "decline_offer",
    "expire_offers",
    "extend_offer",
    "join_waitlist",
    "leave_waitlist",
    "move_entry",
    "note_bookings",
    "offer_by_hand",
    "process_waitlist",
    "remove_entry",
    "serve",
    "set_rules",
    "set_standing",
    "sweep",
    "withdraw_offer",
]
