"""What a file becomes: good rows, bad lines, and the rules for a single value."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from evently.money import MAX_PLACES, example_of, has_places, known_currencies
from evently.text import clean_text
from events.validators import known_timezones

MAX_NAME = 200
MAX_VENUE = 200
MAX_DESCRIPTION = 20_000
MAX_UID = 255
MAX_SEATS = 1_000_000
MAX_BAD_LINES = 1_000
USUAL_LENGTH = timedelta(hours=2)
MAX_LENGTH = timedelta(days=366)
YEARS = range(1900, 2201)

_WHOLE = re.compile(r"[0-9]{1,7}")
_PRICE = re.compile(rf"[0-9]{{1,8}}(\.[0-9]{{1,{MAX_PLACES}}})?")
_MOMENT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ]+(?P<hour>[0-9]{1,2})(?P<rest>:[0-9]{2}(:[0-9]{2})?)"
    r"(\.[0-9]+)?( ?(?P<half>[ap])\.?m\.?)? ?(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event as the file tells it, checked. `line` counts from 1, instants are UTC.

    None stands for what the file does not say.
    """

    line: int
    uid: str
    name: str
    description: str
    venue: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    capacity: int
    price: Decimal
    currency: str
    max_per_booking: int | None
    sales_start_at: datetime | None = None
    sales_end_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that gives no event, and in one sentence what to do about it."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """An entry that the file says is cancelled."""

    line: int
    uid: str


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """All that a file holds; `past` counts calendar entries that are over and were left out.

    `notes` say what else was left out, and why; they are no faults.
    """

    rows: list[EventRow]
    bad: list[BadLine]
    past: int = 0
    cancelled: tuple[Cancelled, ...] = ()
    notes: tuple[BadLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the file does not say. Without a capacity, the file has to name one."""

    timezone: str
    capacity: int | None
    price: Decimal
    currency: str


class Unreadable(ValueError):
    """A value that cannot be used; its text is the sentence for the person."""


class TooManyBadLines(Exception):
    """Reading stops: the file is not what it should be."""


@dataclass(slots=True)
class Gathered:
    """Rows and bad lines while a file is read; a uid counts once."""

    rows: list[EventRow] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    past: int = 0
    cancelled: list[Cancelled] = field(default_factory=list)
    notes: list[BadLine] = field(default_factory=list)
    _first_lines: dict[str, int] = field(default_factory=dict)

    def accept(self, row: EventRow) -> None:
        """Keep the row, unless an earlier line holds the same event."""
        first = self._first_lines.get(row.uid)
        if first is not None:
            self.refuse(row.line, f"This is the same event as line {first}; remove one of them.")
            return
        self._first_lines[row.uid] = row.line
        self.rows.append(row)

    def refuse(self, line: int, reason: str) -> None:
        """Note a bad line.

        Raises:
            TooManyBadLines: the limit is reached; a last bad line says so.
        """
        self.bad.append(BadLine(line, reason))
        if len(self.bad) >= MAX_BAD_LINES:
            self.bad.append(
                BadLine(line, f"{MAX_BAD_LINES} lines are wrong; nothing after this was read.")
            )
            raise TooManyBadLines

    def result(self) -> ParsedFile:
        """All that was read; bad lines in the order of the file."""
        bad = sorted(self.bad, key=lambda bad: bad.line)
        return ParsedFile(self.rows, bad, self.past, tuple(self.cancelled), tuple(self.notes))


def checked_text(value: str, *, what: str, limit: int, lines: bool = False) -> str:
    """The text as `evently.text` cleans it, without outer blanks.

    Args:
        lines: it may have several lines.

    Raises:
        Unreadable: longer than `limit` characters, or with a character that is no text or turns
            the order of letters around.
    """
    try:
        text = clean_text(value, lines=lines).strip()
    except ValidationError as error:
        code = (error.params or {})["code"]
        raise Unreadable(f"The {what} holds the invisible character {code}; remove it.") from None
    if len(text) > limit:
        raise Unreadable(f"The {what} has {len(text)} characters; shorten it to {limit} at most.")
    return text


def checked_name(value: str) -> str:
    """The name, which may not be empty."""
    name = checked_text(value, what="name", limit=MAX_NAME)
    if not name:
        raise Unreadable("The name is missing; every event needs one.")
    return name


def checked_seats(value: str, *, what: str) -> int:
    """A whole number of seats, 1 to 1 000 000."""
    if not _WHOLE.fullmatch(value) or not 1 <= int(value) <= MAX_SEATS:
        raise Unreadable(f"The {what} {shown(value)} must be a whole number from 1 to {MAX_SEATS}.")
    return int(value)


def checked_capacity(value: str, *, default: int | None) -> int:
    """The row's own capacity, else the one for the whole import."""
    if value:
        return checked_seats(value, what="capacity")
    if default is None:
        raise Unreadable("The capacity is missing; add it to the file or pass --capacity.")
    return default


def checked_price(value: str, *, currency: str, decimal_comma: bool = False) -> Decimal:
    """An amount from 0 to below 100 million with at most the decimals of its currency.

    A comma before one or two digits can only be a decimal one; before three it may part thousands,
    and is taken for one only when the file says so.

    Args:
        decimal_comma: the file writes decimals with a comma.
    """
    is_clear = decimal_comma or re.fullmatch(r"[0-9]+,[0-9]{1,2}", value)
    text = value.replace(",", ".") if is_clear else value
    if not _PRICE.fullmatch(text) or not has_places(Decimal(text), currency):
        raise Unreadable(
            f"The price {shown(value)} must be an amount of {currency} such as "
            f"{example_of(currency)}: no sign, no currency, no more decimals, below 100000000."
        )
    return Decimal(text)


def checked_currency(value: str) -> str:
    """An ISO 4217 code, in capitals or not."""
    value = value.upper()
    if value not in known_currencies():
        raise Unreadable(
            f"The currency {shown(value)} is unknown; use a three-letter code such as EUR."
        )
    return value


def checked_timezone(value: str) -> str:
    """The name of a zone in the IANA database."""
    if value not in known_timezones():
        raise Unreadable(
            f"The time zone {shown(value)} is unknown; use a name such as Europe/Berlin."
        )
    return value


def checked_moment(value: str, *, what: str, timezone: str) -> datetime:
    """A local time of the zone, or a time with its own offset, as a UTC instant.

    A local time that comes twice, when clocks go back, is the first of the two.

    Raises:
        Unreadable: no such notation, no such day, or skipped when clocks go forward.
    """
    match = _MOMENT.fullmatch(value)
    if match is None:
        raise Unreadable(
            f"The {what} {shown(value)} is no date and time; write it like 2026-05-01 19:30, "
            "2026-05-01 7:30 PM or 2026-05-01T19:30:00+02:00."
        )
    hour = _hour(int(match["hour"]), (match["half"] or "").lower())
    text = f"{match['day']}T{hour:02}{match['rest']}{(match['offset'] or '').upper()}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"The {what} {shown(value)} is not in the calendar.") from None
    checked_year(moment.year, what=what)
    return moment.astimezone(UTC) if moment.tzinfo else _instant(moment, what, timezone)


def _hour(told: int, half: str) -> int:
    """The hour of the day; of the twelve in each half the first is called 12."""
    if not half:
        return told
    if not 1 <= told <= 12:
        raise Unreadable(f"{told} {half.upper()}M is no time of day; write 1 to 12 before it.")
    return told % 12 + (12 if half == "p" else 0)


def _instant(local: datetime, what: str, timezone: str) -> datetime:
    zone = ZoneInfo(timezone)
    instant = local.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != local:
        raise Unreadable(
            f"The {what} {local:%Y-%m-%d %H:%M} does not exist in {timezone}: clocks go forward "
            "then; choose a later time."
        )
    return instant


def checked_year(year: int, *, what: str) -> None:
    """Far from the ends of the calendar, where arithmetic overflows."""
    if year not in YEARS:
        raise Unreadable(
            f"The {what} is in the year {year}; use one from {YEARS[0]} to {YEARS[-1]}."
        )


def check_span(starts_at: datetime, ends_at: datetime) -> None:
    """An event ends after it starts, and lasts 366 days at most."""
    if ends_at <= starts_at:
        raise Unreadable("The event ends before or when it starts; correct one of the two.")
    if ends_at - starts_at > MAX_LENGTH:
        raise Unreadable(f"The event lasts longer than {MAX_LENGTH.days} days; split it.")


def derived_uid(*, name: str, starts_at: datetime, venue: str) -> str:
    """An identity for an event that brings none: the same on every run of the same file."""
    told = f"{name}\x1f{starts_at.isoformat()}\x1f{venue}"
    digest = hashlib.sha256(unicodedata.normalize("NFC", told).encode()).hexdigest()
    return f"evently-{digest[:32]}"


def shown(value: str) -> str:
    """The value as a message quotes it: printable and short."""
    return repr(value if len(value) <= 60 else value[:59] + "…")
