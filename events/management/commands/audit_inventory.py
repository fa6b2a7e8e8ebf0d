"""`manage.py audit_inventory`: recount the seats of all events."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from events.services import audit_inventory, repair_inventory
from events.services.auditing import AuditReport, Drift


class Command(BaseCommand):
    help = (
        "Recount the seats of all events from their rows. Ends with an error when an event does not"
        " add up and was not repaired."
    )
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--repair",
            action="store_true",
            help="set each wrong counter to what the rows say; every repair is logged",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = audit_inventory(now=timezone.now())
        self._say_totals(report)
        left = [drift for drift in report.drifts if not self._settle(drift, **options)]
        if left:
            raise SystemExit(1)

    def _say_totals(self, report: AuditReport) -> None:
        self.stdout.write(
            f"events counted  {report.events}\n"
            f"drifting        {len(report.drifts)}\n"
            f"drift           {report.drift_seats} seats"
        )

    def _settle(self, drift: Drift, *, repair: bool, **_: Any) -> bool:
        """Show one event that does not add up; returns whether it was repaired."""
        self.stdout.write(_describe(drift))
        if drift.is_oversold:
            self.stdout.write("  OVERSOLD: cancel bookings or raise the capacity, then repair.")
            return False
        if repair:
            repair_inventory(event_id=drift.event_id)
            self.stdout.write("  repaired")
        return repair


def _describe(drift: Drift) -> str:
    claims = " + ".join(f"{seats} {claim}" for claim, seats in drift.claims.items()) or "0 taken"
    return (
        f"{drift.event_id} {drift.name}: {drift.available_seats} free + {claims}"
        f" ≠ {drift.capacity} ({drift.seats:+d})"
    )
