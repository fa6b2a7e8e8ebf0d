"""Reading event files (CSV, iCalendar) into checked rows; knows nothing of the database."""

from events.importing.files import parse_file
from events.importing.rows import BadLine, Defaults, EventRow, ParsedFile

__all__ = ["BadLine", "Defaults", "EventRow", "ParsedFile", "parse_file"]
