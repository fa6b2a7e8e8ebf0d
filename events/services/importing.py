"""Importing events from a file that was read by `events.importing`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from psycopg.errors import UniqueViolation

from evently.accounts.models import User
from evently.errors import Busy
from evently.facts import publish as tell
from evently.transactions import unit_of_work
from events.errors import CapacityBelowTaken, OrganiserNotFound
from events.facts import EventCancelled, EventStateChanged, ListsChanged, Schedule
from events.importing import BadLine, EventRow, ParsedFile
from events.inventory import change_capacity
from events.locks import lock_event
from events.models import Event, Organiser
from events.queries import rights_of
from events.roles import Capability
from events.services.moving import note_move
from events.services.recording import record_events

Status = Event.Status
COMPARED = (
    "name",
    "description",
    "venue",
    "starts_at",
    "ends_at",
    "timezone",
    "capacity",
    "price",
    "currency",
)
# Left as they are in Evently when the file does not say.
OFTEN_UNTOLD = ("max_per_booking", "sales_start_at", "sales_end_at")
# Of the events that a file lacks.
NAMED = 20
EDITED = (
    "The file and Evently tell this event differently, and somebody changed it in Evently since"
    " its import. Nothing is overwritten: make them agree in one of the two."
)


@dataclass(slots=True)
class ImportReport:
    """What became of a file's lines, in numbers of events.

    Args:
        bad: lines that gave no event, the reader's and those that break a rule of Evently.
        past: calendar entries that are over and were left out.
        cancelled: events that the file says are off, and now are.
        notes: what else was left out, and what the file says of events that stay as they are.
    """

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    past: int = 0
    cancelled: int = 0
    notes: list[str] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)


class _Unfit(Exception):
    """A row that cannot be imported; its text says why."""


def import_events(
    *,
    organiser_id: UUID,
    parsed: ParsedFile,
    by: User | None,
    publish: bool,
    partial: bool,
    now: datetime,
    cancel: bool = False,
) -> ImportReport:
    """Bring an organiser's events to what a file says: new ones are added, known ones follow it.

    An event is known by its `import_uid`. It follows the file as long as no person has changed it
    in Evently; after that a difference is a bad line. Importing the same file again changes
    nothing.

    Args:
        by: an owner or manager of the organiser, or staff; None for the operator at the shell.
        publish: put the events on sale, also those that an earlier import left as drafts.
        partial: import the good lines even when there are bad ones; without it nothing is.
        cancel: call off what is on sale and cancelled in the file; without it, it is only named.
        now: aware UTC instant, read once at the edge.

    Raises:
        OrganiserNotFound: none, or none whose events the user may change.
        Busy: the same events are being imported or sold this instant; nothing is changed.

    Side effects:
        Opens the transaction. Locks the rows of changed events, in the order of their ids. Writes
        history. Publishes EventStateChanged for each of the changed events, EventMoved for those on
        sale whose time or place change, ListsChanged, and EventCancelled for what is called off.
    """
    try:
        with unit_of_work():
            _require_organiser(organiser_id, by)
            importer = _Importer(organiser_id, by, publish, now)
            importer.take(parsed.rows)
            importer.take_missing(parsed, cancel=cancel)
            report = importer.report
            report.past = parsed.past
            report.bad = sorted([*parsed.bad, *report.bad], key=lambda bad: bad.line)
            if report.bad and not partial:
                transaction.set_rollback(True)
                return ImportReport(past=report.past, notes=report.notes, bad=report.bad)
            tell(ListsChanged(tuple(importer.changed)))
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation):
            raise Busy from error
        raise
    return report


def _require_organiser(organiser_id: UUID, by: User | None) -> None:
    known = Organiser.objects.filter(pk=organiser_id).exists()
    if not known or not (by is None or _may_import(organiser_id, by)):
        raise OrganiserNotFound


def _may_import(organiser_id: UUID, by: User) -> bool:
    return rights_of(by).may_in_team(Capability.EDIT_EVENTS, organiser_id)


@dataclass(slots=True)
class _Importer:
    organiser_id: UUID
    by: User | None
    publish: bool
    now: datetime
    report: ImportReport = field(default_factory=ImportReport)
    changed: list[UUID] = field(default_factory=list)
    added: list[UUID] = field(default_factory=list)

    def take(self, rows: list[EventRow]) -> None:
        known = self._known(rows)
        self._add([row for row in rows if row.uid not in known])
        pairs = [(known[row.uid], row) for row in rows if row.uid in known]
        for event, row in sorted(pairs, key=lambda pair: pair[0].pk):
            try:
                self._follow(event, row)
            except (_Unfit, CapacityBelowTaken) as unfit:
                self.report.bad.append(BadLine(row.line, str(unfit)))

    def take_missing(self, parsed: ParsedFile, *, cancel: bool) -> None:
        """What became of events that were imported before and are not in the file to be sold."""
        self.report.notes += [f"Line {note.line}: {note.reason}" for note in parsed.notes]
        told = {row.uid for row in parsed.rows}
        off = {gone.uid: gone.line for gone in parsed.cancelled}
        missing = []
        for event in self._imported_before():
            uid = event.import_uid or ""
            # A date of a series is known by the UID of the series and its own.
            line = off.get(uid) or off.get(uid.rpartition("@")[0])
            if uid in told:
                continue
            if line is None:
                missing.append(event)
            elif cancel and event.status == Status.PUBLISHED:
                self._call_off(event)
            else:
                self.report.notes.append(_cancelled_note(event, line))
        # A bad line may be one of them.
        if missing and not parsed.bad:
            self.report.notes.append(_missing_note(missing))

    def _imported_before(self) -> list[Event]:
        events = Event.objects.filter(organiser=self.organiser_id, ends_at__gt=self.now)
        events = events.filter(status__in=(Status.DRAFT, Status.PUBLISHED))
        return list(events.exclude(import_uid=None).exclude(pk__in=self.added).order_by("pk"))

    def _call_off(self, event: Event) -> None:
        event = lock_event(event.pk)
        if event.status != Status.PUBLISHED:
            raise Busy
        event.status = Status.CANCELLED
        tell(EventCancelled(event.pk))
        _write(event, {"status": event.status})
        record_events([event], by=self.by, changes={"status": (Status.PUBLISHED, Status.CANCELLED)})
        self.changed.append(event.pk)
        self.report.cancelled += 1

    def _known(self, rows: list[EventRow]) -> dict[str, Event]:
        uids = [row.uid for row in rows]
        events = Event.objects.filter(organiser=self.organiser_id, import_uid__in=uids)
        return {event.import_uid or "": event for event in events}

    def _add(self, rows: list[EventRow]) -> None:
        events = []
        for row in rows:
            event = self._new(row)
            try:
                _check_rules(event, self.now)
            except _Unfit as unfit:
                self.report.bad.append(BadLine(row.line, str(unfit)))
            else:
                events.append(event)
        Event.objects.bulk_create(events)
        record_events(events, by=self.by, changes={"status": (None, self._first_status)})
        self.report.created = len(events)
        self.added = [event.pk for event in events]

    def _new(self, row: EventRow) -> Event:
        return Event(
            organiser_id=self.organiser_id,
            import_uid=row.uid,
            available_seats=row.capacity,
            status=self._first_status,
            **_values(row),
        )

    @property
    def _first_status(self) -> str:
        return Status.PUBLISHED if self.publish else Status.DRAFT

    def _follow(self, event: Event, row: EventRow) -> None:
        """Change a known event to what its row says, if it differs."""
        if not self._changes(event, row):
            self.report.unchanged += 1
            return
        # What was read before the lock may be old: only the row read under it counts.
        event = lock_event(event.pk)
        changes = self._changes(event, row)
        _require_untouched(event, changes)
        if "currency" in changes and event.taken_seats:
            raise _Unfit(f"Seats were taken at a price in {event.currency}; it cannot change.")
        kept = {name: (getattr(event, name), value) for name, value in changes.items()}
        capacity = changes.pop("capacity", event.capacity)
        schedule, was_on_sale = Schedule.of(event), event.status == Status.PUBLISHED
        for name, value in changes.items():
            setattr(event, name, value)
        _check_rules(event, self.now)
        if capacity != event.capacity:
            change_capacity(event, capacity=capacity, now=self.now)
        moved = note_move(event, before=schedule, now=self.now) if was_on_sale else ()
        _write(event, changes | {name: getattr(event, name) for name in moved})
        record_events([event], by=self.by, changes=kept)
        self.changed.append(event.pk)
        self.report.changed += 1

    def _changes(self, event: Event, row: EventRow) -> dict[str, Any]:
        changes = {
            name: value for name, value in _values(row).items() if getattr(event, name) != value
        }
        if self.publish and event.status == Status.DRAFT:
            changes["status"] = Status.PUBLISHED
        return changes


def _cancelled_note(event: Event, line: int) -> str:
    if event.status == Status.DRAFT:
        return f"Line {line}: “{event.name}” is cancelled here and a draft in Evently; delete it."
    return (
        f"Line {line}: “{event.name}” is cancelled here and on sale in Evently, with"
        f" {event.taken_seats} seats taken. --cancelled=cancel calls it off: its bookings are"
        " cancelled and their people are told."
    )


def _missing_note(events: list[Event]) -> str:
    names = ", ".join(f"“{event.name}” ({event.starts_at:%Y-%m-%d})" for event in events[:NAMED])
    more = f" and {len(events) - NAMED} more" if len(events) > NAMED else ""
    return (
        f"Imported before and not in this file: {names}{more}. They stay as they are; cancel in"
        " Evently what is off."
    )


def _values(row: EventRow) -> dict[str, Any]:
    """The event's fields that the row tells."""
    told = {name: getattr(row, name) for name in (*COMPARED, *OFTEN_UNTOLD)}
    return {name: value for name, value in told.items() if value is not None}


def _require_untouched(event: Event, changes: Iterable[str]) -> None:
    if event.status in {Status.CANCELLED, Status.COMPLETED}:
        raise _Unfit(f"The event is {event.status} in Evently and does not change any more.")
    # The first version is the import's own; publishing alone overwrites nothing.
    if event.edited_version > 1 and set(changes) != {"status"}:
        raise _Unfit(EDITED)


def _check_rules(event: Event, now: datetime) -> None:
    """The model's own rules, and that the event is not over yet."""
    try:
        event.full_clean(exclude={"organiser"}, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        told = (f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
        raise _Unfit(" ".join(told)) from error
    if event.ends_at <= now:
        raise _Unfit("The event has already ended.")


def _write(event: Event, changes: dict[str, Any]) -> None:
    """Like a sale, this is no person's change: `edited_version` stays."""
    if Event.is_searched(changes):
        changes = {**changes, "words": event.make_words()}
    written = Event.objects.filter(pk=event.pk, version=event.version).update(
        **changes, version=F("version") + 1
    )
    if not written:
        raise Busy
    event.version += 1
    tell(EventStateChanged.of(event))
