"""What happens to accounts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AccountOpened:
    user_id: UUID


@dataclass(frozen=True, slots=True)
class RefreshTokenReused:
    """A spent refresh token came again, and the tokens of its log-in were ended."""

    user_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class AddressVerified:
    """The person has shown that the address of their account is theirs."""

    user_id: UUID
