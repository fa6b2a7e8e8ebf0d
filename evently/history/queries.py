"""Reading history. Who may read it, the caller decides: rows know ids alone."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from evently.history.models import Change


def list_changes(
    *,
    organiser_ids: Collection[UUID] | None = None,
    event_id: UUID | None = None,
    subject_id: UUID | None = None,
) -> QuerySet[Change]:
    """Changes with who made them, the latest first.

    Args:
        organiser_ids: those of these organisers; None: of all.
        event_id: those of this event, its bookings and the members it alone is for; None: all.
        subject_id: those of this one thing alone; None: all.
    """
    changes = Change.objects.select_related("by")
    if organiser_ids is not None:
        changes = changes.filter(organiser_id__in=organiser_ids)
    if event_id is not None:
        changes = changes.filter(event_id=event_id)
    if subject_id is not None:
        changes = changes.filter(subject_id=subject_id)
    return changes.order_by("-at", "-id")
