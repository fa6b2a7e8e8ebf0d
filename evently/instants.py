"""How programs are told of an instant."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import overload


@overload
def iso(instant: datetime) -> str: ...
@overload
def iso(instant: None) -> None: ...
@overload
def iso(instant: datetime | None) -> str | None: ...
def iso(instant: datetime | None) -> str | None:
    """ISO 8601 in UTC, ending in Z; None stays None."""
    return _written(instant) if instant else None


@lru_cache(maxsize=1024)
def _written(instant: datetime) -> str:
    """An event is told of with the same few instants again and again."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
