"""`manage.py import_events FILE --organiser NAME_OR_ID`: events from CSV or iCalendar."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from evently.errors import Refusal
from events.importing import Defaults, parse_file
from events.importing.rows import (
    Unreadable,
    checked_capacity,
    checked_currency,
    checked_price,
    checked_timezone,
)
from events.models import Organiser
from events.services import ImportReport, import_events


class Command(BaseCommand):
    help = (
        "Import events from a CSV or iCalendar file. Importing it again changes nothing. When any"
        " line is bad, nothing is imported (with --partial: the good lines) and the exit code is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--organiser", required=True, help="name or id")
        parser.add_argument("--partial", action="store_true", help="import the good lines at least")
        parser.add_argument("--publish", action="store_true", help="put the events on sale at once")
        parser.add_argument(
            "--cancelled",
            choices=("report", "cancel"),
            default="report",
            help="what becomes of events that are on sale and cancelled in the file: they are only"
            " named (report), or called off with all of their bookings (cancel)",
        )
        parser.add_argument("--timezone", default="UTC", help="where the file names none (UTC)")
        parser.add_argument("--capacity", default="", help="where the file names none")
        parser.add_argument("--price", default="0", help="where the file names none (0)")
        parser.add_argument("--currency", default="EUR", help="where the file names none (EUR)")

    def handle(self, *, file: Path, organiser: str, **options: Any) -> None:
        now = timezone.now()
        team = _find_organiser(organiser)
        parsed = parse_file(_read(file), filename=file.name, defaults=_defaults(options), now=now)
        try:
            report = import_events(
                organiser_id=team.pk,
                parsed=parsed,
                by=None,
                publish=options["publish"],
                partial=options["partial"],
                now=now,
                cancel=options["cancelled"] == "cancel",
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self._tell(report, partial=options["partial"])

    def _tell(self, report: ImportReport, *, partial: bool) -> None:
        for note in report.notes:
            self.stdout.write(note)
        for bad in report.bad:
            self.stderr.write(f"Line {bad.line}: {bad.reason}")
        if report.bad and not partial:
            raise CommandError(
                f"Nothing was imported: {len(report.bad)} bad. Correct the file, or import the"
                " good lines with --partial."
            )
        self.stdout.write(
            f"{report.created} created, {report.changed} changed, {report.unchanged} unchanged,"
            f" {report.past} past, {report.cancelled} cancelled."
        )
        if report.bad:
            raise CommandError(f"{len(report.bad)} bad lines were left out.")


def _find_organiser(wanted: str) -> Organiser:
    """By id, else by name in capitals or small letters."""
    try:
        found = list(Organiser.objects.filter(pk=UUID(wanted)))
    except ValueError:
        found = list(Organiser.objects.filter(name__iexact=wanted))
    if not found:
        raise CommandError(f"There is no organiser “{wanted}”. Give its exact name or its id.")
    if len(found) > 1:
        ids = ", ".join(str(organiser.pk) for organiser in found)
        raise CommandError(f"{len(found)} organisers are called “{wanted}”. Give an id: {ids}")
    return found[0]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error


def _defaults(options: dict[str, Any]) -> Defaults:
    capacity = options["capacity"]
    try:
        currency = checked_currency(options["currency"])
        return Defaults(
            timezone=checked_timezone(options["timezone"]),
            capacity=checked_capacity(capacity, default=None) if capacity else None,
            price=checked_price(options["price"], currency=currency),
            currency=currency,
        )
    except Unreadable as error:
        raise CommandError(str(error)) from error
