"""Use cases of organisers and events. Each opens its own transaction."""

from events.services.auditing import audit_inventory, repair_inventory
from events.services.copying import duplicate_event
from events.services.editing import (
    cancel_event,
    complete_ended_events,
    create_event,
    delete_event,
    edit_event,
    publish_event,
)
from events.services.importing import ImportReport, import_events
from events.services.invitations import (
    accept_invitation,
    invite_member,
    resend_invitation,
    withdraw_invitation,
)
from events.services.organisers import create_organiser, rename_organiser
from events.services.team import change_member, remove_member

__all__ = [
    "ImportReport",
    "accept_invitation",
    "audit_inventory",
    "cancel_event",
    "change_member",
    "complete_ended_events",
    "create_event",
    "create_organiser",
    "delete_event",
    "duplicate_event",
    "edit_event",
    "import_events",
    "invite_member",
    "publish_event",
    "remove_member",
    "rename_organiser",
    "repair_inventory",
    "resend_invitation",
    "withdraw_invitation",
]
