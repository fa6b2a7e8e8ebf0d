"""The entries of a calendar that could be read, and which of their revisions counts."""

from dataclasses import dataclass
from typing import Any

from icalendar import Event

from events.importing.rows import BadLine, Gathered


@dataclass(frozen=True, slots=True)
class Entry:
    """One VEVENT that could be read. `revision` is its SEQUENCE and its LAST-MODIFIED."""

    line: int
    uid: str
    event: Event
    repeats: bool
    revision: tuple[int, str]

    @property
    def override(self) -> bool:
        return "RECURRENCE-ID" in self.event

    @property
    def part(self) -> str:
        """Which date of a series it changes; empty for the series itself."""
        if not self.override:
            return ""
        date: Any = self.event["RECURRENCE-ID"]
        return str(date.dt)

    @property
    def cancelled(self) -> bool:
        return is_cancelled(self.event)


def is_cancelled(event: Event) -> bool:
    return str(event.get("STATUS", "")).strip().upper() == "CANCELLED"


def newest(entries: list[Entry], gathered: Gathered) -> list[Entry]:
    """Without the older revisions of an entry or of a date of it, which are named.

    The higher SEQUENCE is the newer one (RFC 5545, section 3.8.7.4), then the later LAST-MODIFIED.
    """
    best: dict[str, Entry] = {}
    for entry in entries:
        if entry.revision > best.setdefault(entry.part, entry).revision:
            best[entry.part] = entry
    for entry in entries:
        if entry.revision < best[entry.part].revision:
            told = f"This is an older revision of line {best[entry.part].line}; it is left out."
            gathered.notes.append(BadLine(entry.line, told))
    return [entry for entry in entries if entry.revision == best[entry.part].revision]
