"""From the bytes of a file to its rows: size, encoding, kind."""

import codecs
from datetime import datetime

from events.importing.csv_reader import read_csv
from events.importing.ical_lines import NEWLINE
from events.importing.ical_reader import read_ical
from events.importing.rows import BadLine, Defaults, ParsedFile

MAX_BYTES = 10 * 1024 * 1024
_CALENDAR = "BEGIN:VCALENDAR"
_ZIP = b"PK\x03\x04"


def parse_file(data: bytes, *, filename: str, defaults: Defaults, now: datetime) -> ParsedFile:
    """Read a CSV or iCalendar file; what it is, its content decides.

    A wrong line never hides a good one. A file that is wrong as a whole (too large, not text,
    no header) gives no rows and one bad line.

    Args:
        data: the whole file, at most 10 MB, in UTF-8, or in UTF-16 with a byte order mark.
        filename: only its ending is used, to word a refusal.
        now: aware instant; events that ended before it are not imported.
    """
    text = _decoded(data)
    if isinstance(text, BadLine):
        return ParsedFile([], [text])
    if text.lstrip()[: len(_CALENDAR)].upper() == _CALENDAR:
        return read_ical(text, defaults=defaults, now=now)
    if filename.lower().endswith((".ics", ".ical", ".ifb")):
        reason = f"This is no iCalendar file: it does not begin with {_CALENDAR}; export it again."
        return ParsedFile([], [BadLine(1, reason)])
    return read_csv(text, defaults=defaults, now=now)


def _decoded(data: bytes) -> str | BadLine:
    if len(data) > MAX_BYTES:
        return BadLine(1, "The file is larger than 10 MB; split it.")
    if data.startswith(_ZIP):
        return BadLine(1, "This is a workbook or an archive; save it as CSV (UTF-8).")
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if utf16 else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, errors="ignore")
        line = len(NEWLINE.findall(before)) + 1
        return BadLine(
            line,
            f"Byte 0x{data[error.start]:02X} is no text in UTF-{16 if utf16 else 8}; "
            "save the file as UTF-8 and import it again.",
        )
