"""How mail stands, as the rows have it."""

from django.db.models import Min
from django.utils import timezone

from notifications.metrics import MailFigures, counted_attempts
from notifications.models import Delivery, Notice

Status = Delivery.Status
# Each has an index of its own, which holds these rows alone.
NOT_DONE = (Status.DUE, Status.SENDING)
TO_LOOK_AT = (Status.FAILED, Status.UNCONFIRMED)


def mail_figures() -> MailFigures:
    """Counted from rows: each of the four queries reads an index of what is not done with."""
    return MailFigures(
        by_status={"new": Notice.objects.filter(planned_at=None).count()}
        | {
            status.value: Delivery.objects.filter(status=status).count()
            for status in (*NOT_DONE, *TO_LOOK_AT)
        },
        oldest_seconds=oldest_due_seconds(),
        attempts=counted_attempts(),
    )


def oldest_due_seconds() -> float:
    """For how long the mail that waits longest has been due; 0 when none is.

    What was put off to a later time is not due before that time.
    """
    now = timezone.now()
    new = Notice.objects.filter(planned_at=None).aggregate(at=Min("created_at"))["at"]
    due = Delivery.objects.filter(status=Status.DUE, due_at__lte=now).aggregate(at=Min("due_at"))
    oldest = min(filter(None, (new, due["at"])), default=now)
    return max(0.0, (now - oldest).total_seconds())
