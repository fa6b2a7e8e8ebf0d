"""Idempotency keys: a repeated request gets the first answer (as in the IETF draft
`draft-ietf-httpapi-idempotency-key-header`)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bookings.errors import KEPT, IdempotencyMismatch
from bookings.models import Booking, KeptAnswer
from evently.errors import Refusal

KEPT_FOR = timedelta(hours=24)


@dataclass(slots=True)
class Memory:
    """The answers given before, and those of this batch that are to be kept."""

    known: dict[tuple[UUID, str], KeptAnswer]
    fresh: list[KeptAnswer] = field(default_factory=list)

    def find(
        self, user_id: UUID, key: str | None, event_id: UUID, quantity: int
    ) -> Booking | Refusal | None:
        """The first answer to this request; a mismatch when the key stood for another request."""
        answer = self.known.get((user_id, key)) if key else None
        if answer is None:
            return None
        if (answer.event_id, answer.quantity) != (event_id, quantity):
            return IdempotencyMismatch()
        return answer.booking or _refusal(answer.refusal or {})

    def keep(
        self,
        user_id: UUID,
        key: str | None,
        event_id: UUID,
        quantity: int,
        outcome: Booking | Exception,
    ) -> None:
        """Remember what was judged; what a correction of the request would change is not kept."""
        if not key:
            return
        answer = KeptAnswer(user_id=user_id, key=key, event_id=event_id, quantity=quantity)
        if isinstance(outcome, Booking):
            answer.booking = outcome
        elif isinstance(outcome, Refusal) and outcome.code in KEPT:
            answer.refusal = {
                "code": outcome.code,
                "detail": outcome.detail,
                "facts": outcome.facts,
            }
        else:
            return
        self.known[user_id, key] = answer
        self.fresh.append(answer)

    def write(self, now: datetime) -> None:
        for answer in self.fresh:
            answer.created_at = now
        if self.fresh:
            KeptAnswer.objects.bulk_create(self.fresh)


def recall(asked: Iterable[tuple[UUID, str | None]]) -> Memory:
    """The kept answers to these people and keys; no query when nobody sent a key."""
    wanted = {(user_id, key) for user_id, key in asked if key}
    if not wanted:
        return Memory(known={})
    answers = KeptAnswer.objects.select_related("booking__event").filter(
        user_id__in={user_id for user_id, _ in wanted}, key__in={key for _, key in wanted}
    )
    return Memory(known={(answer.user_id, answer.key): answer for answer in answers})


def forget_old_answers(*, now: datetime) -> int:
    """Delete answers that are older than a day; returns how many."""
    deleted, _ = KeptAnswer.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    return deleted


def _refusal(kept: dict[str, Any]) -> Refusal:
    return KEPT[kept["code"]](kept["detail"], **kept["facts"])
