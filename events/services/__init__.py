"""Use cases of organisers and events. Each opens its own transaction."""

from events.services.auditing import audit_inventory, repair_inventory
from events.services.editing import (
    cancel_event,
    complete_ended_events,
    create_event,
    delete_event,
    edit_event,
    publish_event,
)
from events.services.importing import ImportReport, import_events
from events.services.organisers import create_organiser

__all__ = [
    "ImportReport",
    "audit_inventory",
    "cancel_event",
    "complete_ended_events",
    "create_event",
    "create_organiser",
    "delete_event",
    "edit_event",
    "import_events",
    "publish_event",
    "repair_inventory",
]
