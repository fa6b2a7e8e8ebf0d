"""What happens to accounts."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AccountOpened:
    user_id: UUID


@dataclass(frozen=True, slots=True)
class AddressVerified:
    """The person has shown that the address of their account is theirs."""

    user_id: UUID
