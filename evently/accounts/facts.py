"""What happens to accounts."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AccountOpened:
    user_id: UUID
