"""From the bytes of a file to its rows: size, encoding, kind."""

import codecs
import re
from datetime import datetime

from events.importing.csv_reader import read_csv
from events.importing.ical_lines import NEWLINE
from events.importing.ical_reader import read_ical
from events.importing.rows import BadLine, Defaults, ParsedFile

MAX_BYTES = 10 * 1024 * 1024
_CALENDAR = "BEGIN:VCALENDAR"
_ZIP = b"PK\x03\x04"
_LOOKED_AT = 2_000
# A letter of UTF-8 that a folded line tears apart (RFC 5545, section 3.1, allows it).
_TORN_LETTER = re.compile(rb"([\xc2-\xf4][\x80-\xbf]*)((?:(?:\r\n|\n|\r)[ \t])+)([\x80-\xbf]+)")
_LONGEST_LETTER = 4


def parse_file(data: bytes, *, filename: str, defaults: Defaults, now: datetime) -> ParsedFile:
    """Read a CSV or iCalendar file; what it is, its content decides.

    A wrong line never hides a good one. A file that is wrong as a whole (too large, not text,
    no header) gives no rows and one bad line.

    Args:
        data: the whole file, at most 10 MB, in UTF-8 or UTF-16.
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
    encoding = _encoding(data)
    if data.lstrip()[: len(_CALENDAR)].upper() == _CALENDAR.encode():
        data = _with_whole_letters(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, errors="ignore")
        line = len(NEWLINE.findall(before)) + 1
        return BadLine(
            line,
            f"Byte 0x{data[error.start]:02X} is no text in {encoding[:6].upper().rstrip('-')}; "
            "save the file as UTF-8 and import it again.",
        )


def _encoding(data: bytes) -> str:
    """UTF-8, or UTF-16 by its mark; without one, by the empty halves of plain letters."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    low, high = data[0:_LOOKED_AT:2], data[1:_LOOKED_AT:2]
    if high and high.count(0) > len(high) // 2 and not low.count(0):
        return "utf-16-le"
    if high and low.count(0) > len(low) // 2 and not high.count(0):
        return "utf-16-be"
    return "utf-8-sig"


def _with_whole_letters(data: bytes) -> bytes:
    """The same lines, each fold moved behind the letter that it tears apart."""
    for _ in range(_LONGEST_LETTER - 1):
        data = _TORN_LETTER.sub(rb"\1\3\2", data)
    return data
