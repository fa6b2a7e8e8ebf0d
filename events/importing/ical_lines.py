"""The lines of an iCalendar file: unfolded, numbered, and cut into its components."""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from events.importing.rows import Unreadable, shown

NEWLINE = re.compile(r"\r\n|\n|\r")
_QUOTED = re.compile(r";(ENCODING=)?QUOTED-PRINTABLE(?=;|$)", re.IGNORECASE)
_CHARSET = re.compile(r";CHARSET=([^;:]+)", re.IGNORECASE)
_BLOCKS = ("VEVENT", "VTIMEZONE")
_PROPERTY = re.compile(
    r'(?P<name>[A-Za-z0-9-]+)(?P<params>(?:;[^":;]*(?:"[^"]*"[^":;]*)*)*):(?P<value>.*)', re.DOTALL
)


@dataclass(slots=True)
class Block:
    """The lines inside one component, which begins on `line` of the file."""

    kind: str
    line: int
    lines: list[str] = field(default_factory=list)
    closed: bool = False
    _inner: int = 0

    def add(self, text: str, keyword: str) -> None:
        """Keep a line; what an event nests (alarms) is of no use here and left out."""
        step = {"BEGIN": 1, "END": -1}.get(keyword, 0)
        if self.kind == "VTIMEZONE" or not (step or self._inner):
            self.lines.append(text)
        self._inner += step


@dataclass(slots=True)
class CalendarText:
    """One calendar: its own properties, its events and its time zones, in order."""

    properties: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def of(self, kind: str) -> list[Block]:
        """The components of a kind: VEVENT or VTIMEZONE."""
        return [block for block in self.blocks if block.kind == kind]

    def first(self, name: str) -> str:
        """The value of a property of the calendar itself, or an empty text."""
        return next((p.value for p in map(Property.find, self.properties) if p.name == name), "")


@dataclass(frozen=True, slots=True)
class Property:
    """One unfolded line; `params` begins with its semicolon."""

    name: str
    params: str
    value: str

    @staticmethod
    def find(line: str) -> "Property":
        """The parts of a line; of a line that has none, empty ones."""
        match = _PROPERTY.fullmatch(line)
        return Property(match["name"].upper(), match["params"], match["value"]) if match else _NONE

    @staticmethod
    def read(line: str) -> "Property":
        """The parts of a line.

        Raises:
            Unreadable: it is not of the form NAME:VALUE.
        """
        found = Property.find(line)
        if found is _NONE:
            raise Unreadable(
                f"The entry holds the line {shown(line)}, which is not NAME:VALUE; "
                "a continued line begins with a blank."
            )
        return found.decoded() if _QUOTED.search(found.params) else found

    def decoded(self) -> "Property":
        """Quoted-printable text as vCalendar 1.0 has it, in the notation of iCalendar.

        Raises:
            Unreadable: it is not in the character set that it names.
        """
        charset = _CHARSET.search(self.params)
        try:
            data = quopri.decodestring(self.value.encode())
            text = data.decode(charset[1].strip() if charset else "utf-8")
        except (LookupError, UnicodeDecodeError):
            raise Unreadable(
                f"The {self.name} is not in its character set; export it as UTF-8."
            ) from None
        escaped = re.sub(r"([,;\\])", r"\\\1", text)
        params = _CHARSET.sub("", _QUOTED.sub("", self.params))
        return Property(self.name, params, NEWLINE.sub(r"\\n", escaped))

    def __str__(self) -> str:
        return f"{self.name}{self.params}:{self.value}"


_NONE = Property("", "", "")


def cut(text: str) -> list[CalendarText]:
    """Cut a file into its calendars; a component without its END stays `closed=False`."""
    calendar = CalendarText()
    calendars = [calendar]
    block: Block | None = None
    for number, line in _unfolded(text):
        keyword, _, kind = line.upper().partition(":")
        kind = kind.strip()
        if keyword == "BEGIN" and kind in _BLOCKS:
            block = Block(kind, number)
            calendar.blocks.append(block)
        elif keyword == "BEGIN" and kind == "VCALENDAR":
            calendar, block = CalendarText(), None
            calendars.append(calendar)
        elif block is None:
            calendar.properties.append(line)
        elif keyword == "END" and kind in (block.kind, "VCALENDAR"):
            block.closed = kind == block.kind
            block = None
        else:
            block.add(line, keyword)
    return calendars


def _goes_on(parts: list[str]) -> bool:
    """Whether quoted-printable text (RFC 2045, section 6.7) goes on in the next line."""
    return parts[-1].rstrip().endswith("=") and bool(_QUOTED.search(parts[0].partition(":")[0]))


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines, each with the number of the physical line it begins on."""
    begun = 0
    parts: list[str] = []
    for number, line in enumerate(NEWLINE.split(text), start=1):
        if parts and _goes_on(parts):
            parts[-1] = parts[-1].rstrip()[:-1]
            parts.append(line)
            continue
        if parts and line[:1] in (" ", "\t"):
            parts.append(line[1:])
            continue
        if parts:
            yield begun, "".join(parts)
        begun, parts = number, [line] if line.strip() else []
    if parts:
        yield begun, "".join(parts)
