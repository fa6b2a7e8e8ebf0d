"""What the inventory audit found, for Evently's staff."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from evently.admin.reading import ForStaffToRead
from evently.site.columns import dated
from events.models import InventoryAudit

if TYPE_CHECKING:
    AuditModelAdmin = admin.ModelAdmin[InventoryAudit]
else:
    AuditModelAdmin = ModelAdmin


@admin.register(InventoryAudit)
class InventoryAuditAdmin(ForStaffToRead, AuditModelAdmin):
    """Written by `manage.py audit_inventory` and by the scheduler, looked at here."""

    list_display = ("ran", "events", "drifting_events", "drift_seats")
    ran = dated("ran_at", _("ran at"))
    show_full_result_count = False
