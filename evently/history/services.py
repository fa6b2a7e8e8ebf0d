"""Writing history, inside the transaction of the change itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.transaction import TransactionManagementError

from evently.accounts.facts import RefreshTokenReused
from evently.accounts.models import User
from evently.history.models import Change

BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something that was changed, and where it belongs.

    Args:
        kind: one word, such as "event".
        label: what people call it at this time.
        organiser_id: whose team it belongs to; None for an account.
        event_id: the event it is or belongs to, if it belongs to one.
    """

    kind: str
    id: UUID
    label: str
    organiser_id: UUID | None = None
    event_id: UUID | None = None


def record(
    subjects: Iterable[Subject], *, by: User | None, changes: Mapping[str, tuple[Any, Any]]
) -> None:
    """Write for each subject what its fields were before and are now.

    Args:
        by: None when Evently itself did it.
        changes: before and after of each field, as JSON values, decimals, instants or UUIDs.

    Raises:
        TransactionManagementError: called outside of the transaction that makes the change.

    Side effects:
        One INSERT for every thousand rows.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("History is written in the transaction of the change.")
    rows = [
        Change(
            by=by,
            organiser_id=subject.organiser_id,
            event_id=subject.event_id,
            subject=subject.kind,
            subject_id=subject.id,
            label=subject.label,
            field=field,
            before=before,
            after=after,
        )
        for subject in subjects
        for field, (before, after) in changes.items()
    ]
    Change.objects.bulk_create(rows, batch_size=BATCH)


def record_reused_tokens(facts: Sequence[RefreshTokenReused]) -> None:
    """Keep that Evently ended log-ins of programs because a spent refresh token came again."""
    users = User.objects.filter(pk__in=[fact.user_id for fact in facts])
    subjects = [Subject(kind="account", id=user.pk, label=user.email) for user in users]
    record(subjects, by=None, changes={"tokens": ("valid", "ended, as one was used twice")})
