"""What is said about an event, ready to be sent, and on which channels of Redis."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from evently.instants import iso
from evently.money import amount_text
from events.facts import EventStateChanged


def channel_of(event_id: UUID) -> str:
    """Where an event's seats and its sale are told."""
    return f"evently:live:{event_id.hex}"


def viewers_channel_of(event_id: UUID) -> str:
    """Where it is told how many look at the event: a list of events need not hear that."""
    return f"{channel_of(event_id)}:viewers"


def viewers_key_of(event_id: UUID) -> str:
    """Where Redis keeps how many look at the event through each process."""
    return f"evently:live:viewers:{event_id.hex}"


def seats_text(state: EventStateChanged) -> str:
    """The text that goes to websockets."""
    return json.dumps(seats_message(state), separators=(",", ":"))


def seats_message(state: EventStateChanged) -> dict[str, Any]:
    """What a websocket says about an event's seats, its sale, and where and when it is.

    The price is a decimal string, instants are ISO 8601 in UTC, or None: see `Event`.
    """
    return {
        "type": "seats",
        "event_id": str(state.event_id),
        "available_seats": state.available_seats,
        "capacity": state.capacity,
        "price": amount_text(state.price, state.currency),
        "currency": state.currency,
        "status": state.status,
        "version": state.version,
        "ends_at": iso(state.ends_at),
        "sales_start_at": iso(state.sales_start_at),
        "sales_end_at": iso(state.sales_end_at),
        "name": state.name,
        "venue": state.venue,
        "starts_at": iso(state.starts_at),
        "timezone": state.timezone,
        "max_per_booking": state.max_per_booking,
    }


def read_seats_text(text: bytes) -> EventStateChanged:
    """What `seats_text` was made of."""
    told = json.loads(text)
    starts, ends, begins = told["sales_start_at"], told["sales_end_at"], told.get("starts_at")
    return EventStateChanged(
        event_id=UUID(told["event_id"]),
        available_seats=told["available_seats"],
        capacity=told["capacity"],
        price=Decimal(told["price"]),
        currency=told["currency"],
        status=told["status"],
        version=told["version"],
        ends_at=datetime.fromisoformat(told["ends_at"]),
        sales_start_at=datetime.fromisoformat(starts) if starts else None,
        sales_end_at=datetime.fromisoformat(ends) if ends else None,
        name=told.get("name", ""),
        venue=told.get("venue", ""),
        starts_at=datetime.fromisoformat(begins) if begins else None,
        timezone=told.get("timezone", ""),
        max_per_booking=told.get("max_per_booking", 0),
    )
