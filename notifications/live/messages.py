"""What a person's websocket says."""

import json
from typing import Any

from django.urls import reverse

from evently.instants import iso
from evently.money import amount_text
from notifications.models import Notice
from notifications.queries import title_of_notice
from waitlist.models import Entry, Offer
from waitlist.queries import Place, offer_token

Message = dict[str, Any]


def text_of(message: Message) -> str:
    """The text that goes to websockets."""
    return json.dumps(message, separators=(",", ":"))


def notice_message(notice: Notice) -> Message:
    """Something new that the person is told; `address` is the path that leads to it."""
    return {
        "type": "notice",
        "id": str(notice.pk),
        "kind": notice.kind,
        "title": title_of_notice(notice),
        "address": reverse("notifications:open", args=[notice.pk]),
        "created_at": iso(notice.created_at),
    }


def unread_message(count: int) -> Message:
    return {"type": "unread", "count": count}


def position_message(entry: Entry, place: Place) -> Message:
    """Where the person stands in an event's line; the first has position 1."""
    return {
        "type": "position",
        "event_id": str(entry.event_id),
        "entry_id": str(entry.pk),
        "status": str(entry.status),
        "position": place.position,
        "people_ahead": place.people_ahead,
        "seats_ahead": place.seats_ahead,
    }


def offer_message(offer: Offer) -> Message:
    """Seats that are kept for the person until an instant; `address` is the path of their page."""
    return {
        "type": "offer",
        "offer_id": str(offer.pk),
        "entry_id": str(offer.entry_id),
        "event_id": str(offer.event_id),
        "event": offer.event.name,
        "seats": offer.seats,
        "unit_price": amount_text(offer.unit_price, offer.currency),
        "total": amount_text(offer.total, offer.currency),
        "currency": offer.currency,
        "expires_at": iso(offer.expires_at),
        "status": str(offer.status),
        "address": reverse("waitlist:offer", args=[offer_token(offer)]),
    }


def ended(message: Message) -> Message:
    """What is said when a place or an offer is not there any more; why, its page tells."""
    gone: Message = {"status": "ended"}
    if message["type"] == "position":
        gone |= {"position": None, "people_ahead": None, "seats_ahead": None}
    return message | gone
