"""How long a repetition may take to work out: rules from strangers are bounded before they run."""

from datetime import UTC, date, datetime

from events.importing.rows import Unreadable, shown

MAX_RULE_TEXT = 500
MAX_PER_DAY = 24
MAX_STEPS = 200_000
MAX_DATES = 2_000
MAX_CHANGES = 1_000
_PER_DAY = {"YEARLY": 1, "MONTHLY": 1, "WEEKLY": 1, "DAILY": 1, "HOURLY": 24}
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
# With another part an hourly rule may never match, and is then searched until the year 9999.
_HOURLY = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYHOUR"}


def check_rules(rules: list[str], *, starts: date, until: datetime) -> None:
    """Refuse a repetition that would take too long to work out up to `until`.

    Raises:
        Unreadable: more than one rule, more often than hourly, or begun too long ago.
    """
    if len(rules) > 1:
        raise Unreadable("The entry has more than one RRULE; split it into several entries.")
    for rule in rules:
        _check_rule(rule, (until.astimezone(UTC).date() - _day(starts)).days)


def check_dates(lists: list[str]) -> None:
    """Refuse an entry that lists very many dates (RDATE, EXDATE)."""
    if sum(dates.count(",") + 1 for dates in lists) > MAX_DATES:
        raise Unreadable(f"The entry lists more than {MAX_DATES} dates; split it.")


def check_changes(changes: int) -> None:
    """Refuse a series of which very many occurrences were changed one by one."""
    if changes > MAX_CHANGES:
        raise Unreadable(
            f"The series has {changes} changed occurrences, more than {MAX_CHANGES}; split it."
        )


def _check_rule(rule: str, days: int) -> None:
    if len(rule) > MAX_RULE_TEXT:
        raise Unreadable("The repetition rule is too long; simplify it.")
    parts = dict(part.partition("=")[::2] for part in rule.upper().split(";"))
    per_day = _per_day(parts)
    if per_day > MAX_PER_DAY:
        raise Unreadable(
            f"The entry repeats more often than hourly ({shown(rule)}); use a longer interval."
        )
    if parts["FREQ"] == "HOURLY" and not parts.keys() <= _HOURLY:
        raise Unreadable(
            f"The hourly rule {shown(rule)} is too involved; use FREQ=DAILY or WEEKLY with BYHOUR."
        )
    if days * per_day > MAX_STEPS:
        raise Unreadable("The series began too long ago; let it begin with a recent date.")


def _per_day(parts: dict[str, str]) -> int:
    """Times a day, at most; a frequency that is not known counts as too often."""
    per_day = _PER_DAY.get(parts.get("FREQ", ""), MAX_PER_DAY + 1)
    for name in _TIMES:
        if name == "BYHOUR" and per_day == MAX_PER_DAY:
            continue  # narrows an hourly rule
        per_day *= parts.get(name, "").count(",") + 1
    return per_day


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
