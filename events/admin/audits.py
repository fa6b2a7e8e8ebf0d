"""What the inventory audit found, for Evently's staff."""

from typing import TYPE_CHECKING

from django.contrib import admin
from unfold.admin import ModelAdmin

from evently.admin.reading import ForStaffToRead
from events.models import InventoryAudit

if TYPE_CHECKING:
    AuditModelAdmin = admin.ModelAdmin[InventoryAudit]
else:
    AuditModelAdmin = ModelAdmin


@admin.register(InventoryAudit)
class InventoryAuditAdmin(ForStaffToRead, AuditModelAdmin):
    """Written by `manage.py audit_inventory` and by the scheduler, looked at here."""

    list_display = ("ran_at", "events", "drifting_events", "drift_seats")
    show_full_result_count = False
