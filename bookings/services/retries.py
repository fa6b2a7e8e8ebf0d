"""Idempotency keys of bookings: a batch of answers is found with one query and kept with one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from bookings.errors import KEPT
from bookings.models import Booking
from evently.errors import Refusal
from evently.idempotency.errors import IdempotencyMismatch
from evently.idempotency.models import KeptAnswer
from evently.idempotency.store import Asked, find_answers, keep_answers


@dataclass(slots=True)
class Memory:
    """The answers given before, and those of this batch that are to be kept."""

    known: dict[Asked, KeptAnswer]
    fresh: list[KeptAnswer] = field(default_factory=list)

    def find(
        self, user_id: UUID, key: str | None, event_id: UUID, quantity: int
    ) -> Booking | Refusal | None:
        """The first answer to this request, marked as a repeat; a mismatch when the key stood for
        another request."""
        answer = self.known.get((user_id, key)) if key else None
        if answer is None:
            return None
        if answer.request != _request(event_id, quantity):
            return IdempotencyMismatch()
        first = _booking(answer) or _refusal(answer)
        first.is_repeat = True
        return first

    def keep(
        self,
        user_id: UUID,
        key: str | None,
        event_id: UUID,
        quantity: int,
        outcome: Booking | Exception,
    ) -> None:
        """Remember what was judged; what a correction of the request would change is not kept."""
        said = _said(outcome) if key else None
        if not key or not said:
            return
        request = _request(event_id, quantity)
        answer = KeptAnswer(user_id=user_id, key=key, request=request, answer=said)
        self.known[user_id, key] = answer
        self.fresh.append(answer)

    def write(self, now: datetime) -> None:
        for answer in self.fresh:
            answer.created_at = now
        keep_answers(self.fresh)


def recall(asked: Iterable[tuple[UUID, str | None]]) -> Memory:
    """The kept answers to these people and keys; no query when nobody sent a key."""
    return Memory(known=find_answers({(user_id, key) for user_id, key in asked if key}))


def _request(event_id: UUID, quantity: int) -> str:
    return f"book {quantity} of {event_id}"


def _said(outcome: Booking | Exception) -> dict[str, Any] | None:
    """What is kept of an outcome; None when it is none to keep."""
    if isinstance(outcome, Booking):
        return {
            "booking": {
                "id": str(outcome.pk),
                "reference": outcome.reference,
                "event_id": str(outcome.event_id),
                "quantity": outcome.quantity,
                "unit_price": str(outcome.unit_price),
                "currency": outcome.currency,
                "created_at": outcome.created_at.isoformat(),
            }
        }
    if isinstance(outcome, Refusal) and outcome.code in KEPT:
        said = {"code": outcome.code, "detail": outcome.detail, "facts": outcome.facts}
        return {"refusal": said}
    return None


def _booking(kept: KeptAnswer) -> Booking | None:
    """The booking as it was when it was made, whatever became of it since; not to be saved."""
    said = kept.answer.get("booking")
    if said is None:
        return None
    return Booking(
        id=UUID(said["id"]),
        reference=said["reference"],
        event_id=UUID(said["event_id"]),
        user_id=kept.user_id,
        quantity=said["quantity"],
        unit_price=Decimal(said["unit_price"]),
        currency=said["currency"],
        created_at=datetime.fromisoformat(said["created_at"]),
    )


def _refusal(kept: KeptAnswer) -> Refusal:
    said = kept.answer["refusal"]
    return KEPT[said["code"]](said["detail"], **said["facts"])
