"""What the inventory audit found, for Evently's staff."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from evently.admin.look import is_staff
from events.models import InventoryAudit

if TYPE_CHECKING:
    AuditModelAdmin = admin.ModelAdmin[InventoryAudit]
else:
    AuditModelAdmin = ModelAdmin


@admin.register(InventoryAudit)
class InventoryAuditAdmin(AuditModelAdmin):
    """Written by `manage.py audit_inventory` and by the scheduler, looked at here."""

    list_display = ("ran_at", "events", "drifting_events", "drift_seats")
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_staff(request)

    def has_view_permission(self, request: HttpRequest, obj: InventoryAudit | None = None) -> bool:
        return is_staff(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: InventoryAudit | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: InventoryAudit | None = None
    ) -> bool:
        return False
