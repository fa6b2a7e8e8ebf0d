"""How programs are told of an instant."""

from datetime import UTC, datetime
from typing import overload


@overload
def iso(instant: datetime) -> str: ...
@overload
def iso(instant: None) -> None: ...
@overload
def iso(instant: datetime | None) -> str | None: ...
def iso(instant: datetime | None) -> str | None:
    """ISO 8601 in UTC, ending in Z; None stays None."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else None
