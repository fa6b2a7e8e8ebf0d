"""What happens to notices."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class BroadcastQueued:
    """An organiser's message waits to be written to its people."""

    broadcast_id: UUID
