"""Which notices are to be brought to people, and how."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from evently.transactions import unit_of_work
from notifications.models import Channel, Delivery, Notice, Preference
from notifications.wording import MAILED

NOTICES_AT_ONCE = 500


def plan_deliveries(*, now: datetime) -> int:
    """Make deliveries for notices that have none yet, as their people like it.

    Args:
        now: aware UTC instant, read once at the edge.

    Returns:
        How many notices were planned: none is left when that is 0.

    Side effects:
        Opens the transaction. Locks the notices; those that another worker plans are left to it.
    """
    with unit_of_work():
        unplanned = Notice.objects.select_for_update(skip_locked=True).filter(planned_at=None)
        notices = list(unplanned.order_by("pk")[:NOTICES_AT_ONCE])
        unwanted = _unwanted({notice.user_id for notice in notices})
        Delivery.objects.bulk_create(
            [
                Delivery(notice=notice, channel=Channel.MAIL, due_at=notice.created_at)
                for notice in notices
                if notice.kind in MAILED and (notice.user_id, notice.kind) not in unwanted
            ],
            ignore_conflicts=True,
        )
        Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(planned_at=now)
    return len(notices)


def _unwanted(user_ids: Collection[UUID]) -> set[tuple[UUID, str]]:
    choices = Preference.objects.filter(user__in=user_ids, channel=Channel.MAIL, wanted=False)
    return set(choices.values_list("user_id", "kind"))
