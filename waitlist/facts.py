"""What happens to those who wait."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class EntryJoined:
    entry_id: UUID
    event_id: UUID
    user_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class EntryEnded:
    """The person waits no more; `status` says why, as in `Entry.Status`."""

    entry_id: UUID
    event_id: UUID
    user_id: UUID
    status: str


@dataclass(frozen=True, slots=True)
class OfferMade:
    offer_id: UUID
    entry_id: UUID
    event_id: UUID
    user_id: UUID
    seats: int
    unit_price: Decimal
    currency: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OfferExtended:
    """The offer stands until a later instant."""

    offer_id: UUID
    entry_id: UUID
    event_id: UUID
    user_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """The offer holds no seats any more; `status` says why, as in `Offer.Status`."""

    offer_id: UUID
    entry_id: UUID
    event_id: UUID
    user_id: UUID
    status: str


@dataclass(frozen=True, slots=True)
class LineMoved:
    """Somebody in the line has another place than before."""

    event_id: UUID
