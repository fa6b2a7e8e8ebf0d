"""Shapes of places in a waitlist in the API."""

from typing import Any

from rest_framework import serializers

from evently.api.examples import EVENT_ID, example
from evently.api.fields import Flag, Shape, WholeNumber
from evently.instants import iso
from evently.money import amount_text
from events.models import MAX_CAPACITY
from waitlist.models import Entry, Offer, Tier
from waitlist.odds import Odds, Prospect
from waitlist.queries import WaitlistSummary, offer_token

TIERS = [tier.name.lower() for tier in Tier]
# More digits than these would claim to know too much.
DIGITS = 2


@example("Two seats, or one", {"quantity": 2, "part_is_fine": True})
class JoinIn(Shape):
    quantity = WholeNumber(
        min_value=1,
        max_value=MAX_CAPACITY,
        help_text="No more than the event's `max_per_booking`.",
    )
    part_is_fine = Flag(
        default=False,
        help_text="Whether fewer seats may be offered than are wanted. Seats that come back one by "
        "one are not gathered for a group unless the organiser says so: until then they go to "
        "others who want fewer, or on sale.",
    )


class OfferOut(serializers.Serializer[Any]):
    token = serializers.CharField(
        help_text="For `/api/v1/waitlist/offers/{token}/accept` and `/decline`."
    )
    seats = serializers.IntegerField()
    unit_price = serializers.CharField(help_text="Promised: later changes do not touch it.")
    total = serializers.CharField()
    currency = serializers.CharField()
    expires_at = serializers.DateTimeField(
        help_text="By default 24 hours after the offer, at most a third of the time that is left "
        "until the event starts, at least 10 minutes, never after the sale."
    )


@example(
    "With an offer",
    {
        "id": "0199d9c4-8a20-7e51-9d37-4c6f0b2e8a19",
        "event_id": EVENT_ID,
        "quantity": 2,
        "part_is_fine": True,
        "tier": "standard",
        "status": "offered",
        "joined_at": "2026-10-13T09:12:44.018273Z",
        "position": 1,
        "people_ahead": 0,
        "seats_ahead": 0,
        "estimated_wait_seconds": 0,
        "promotion_probability": 1.0,
        "offer": {
            "token": "0199da1077407f62b8054d9e2c6a0b31:q7Xv0dPz9LrT4nKw",
            "seats": 2,
            "unit_price": "24.00",
            "total": "48.00",
            "currency": "EUR",
            "expires_at": "2026-10-15T08:00:00Z",
        },
    },
)
class EntryOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    event_id = serializers.UUIDField()
    quantity = serializers.IntegerField()
    part_is_fine = serializers.BooleanField()
    tier = serializers.ChoiceField(choices=TIERS)
    status = serializers.ChoiceField(choices=Entry.LIVE)
    joined_at = serializers.DateTimeField()
    position = serializers.IntegerField(help_text="The first in line has 1.")
    people_ahead = serializers.IntegerField()
    seats_ahead = serializers.IntegerField(help_text="How many seats these people want.")
    estimated_wait_seconds = serializers.IntegerField(
        allow_null=True, help_text="If an offer comes at all; null when that cannot be told."
    )
    promotion_probability = serializers.FloatField(
        min_value=0, max_value=1, help_text="That seats are offered before the sale ends."
    )
    offer = OfferOut(allow_null=True, help_text="Seats that are held for you, if there are any.")


@example(
    "A waitlist",
    {
        "waiting": 18,
        "waiting_seats": 31,
        "offered": 2,
        "accepted": 9,
        "declined": 1,
        "expired": 3,
        "withdrawn": 0,
        "promotion_rate": 0.64,
        "mean_wait_seconds": 93600,
    },
)
class SummaryOut(serializers.Serializer[Any]):
    waiting = serializers.IntegerField(help_text="People in line.")
    waiting_seats = serializers.IntegerField(help_text="How many seats they want.")
    offered = serializers.IntegerField(help_text="Offers that stand now.")
    accepted = serializers.IntegerField()
    declined = serializers.IntegerField()
    expired = serializers.IntegerField()
    withdrawn = serializers.IntegerField()
    promotion_rate = serializers.FloatField(
        allow_null=True, help_text="Of those who wait no more, the part that booked: 0 to 1."
    )
    mean_wait_seconds = serializers.IntegerField(
        allow_null=True, help_text="From joining to an offer, on average."
    )


@example("Two offers", {"offers_made": 2})
class ProcessOut(serializers.Serializer[Any]):
    offers_made = serializers.IntegerField()


def entry_shown(entry: Entry, prospect: Prospect, offer: Offer | None) -> dict[str, Any]:
    """A live entry as the API shows it to its own person."""
    return {
        "id": str(entry.pk),
        "event_id": str(entry.event_id),
        "quantity": entry.quantity,
        "part_is_fine": entry.part_is_fine,
        "tier": Tier(entry.tier).name.lower(),
        "status": str(entry.status),
        "joined_at": iso(entry.joined_at),
        "position": prospect.place.position,
        "people_ahead": prospect.place.people_ahead,
        "seats_ahead": prospect.place.seats_ahead,
        **(_ODDS_OF_AN_OFFER if offer else _odds_shown(prospect.odds)),
        "offer": _offer_shown(offer) if offer else None,
    }


def summary_shown(summary: WaitlistSummary) -> dict[str, Any]:
    rate, wait = summary.promotion_rate, summary.mean_wait
    return {
        "waiting": summary.waiting,
        "waiting_seats": summary.waiting_seats,
        "offered": summary.offered,
        "accepted": summary.accepted,
        "declined": summary.declined,
        "expired": summary.expired,
        "withdrawn": summary.withdrawn,
        "promotion_rate": None if rate is None else round(rate, DIGITS),
        "mean_wait_seconds": None if wait is None else round(wait.total_seconds()),
    }


_ODDS_OF_AN_OFFER = {"estimated_wait_seconds": 0, "promotion_probability": 1.0}


def _odds_shown(odds: Odds) -> dict[str, Any]:
    return {
        "estimated_wait_seconds": round(odds.wait.likely) if odds.wait else None,
        "promotion_probability": round(odds.chance.likely, DIGITS),
    }


def _offer_shown(offer: Offer) -> dict[str, Any]:
    return {
        "token": offer_token(offer),
        "seats": offer.seats,
        "unit_price": amount_text(offer.unit_price, offer.currency),
        "total": amount_text(offer.total, offer.currency),
        "currency": offer.currency,
        "expires_at": iso(offer.expires_at),
    }
