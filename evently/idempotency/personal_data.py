"""A person's kept answers: naming them, and deleting them with the account."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from evently.accounts.models import User
from evently.accounts.personal_data import PersonalData
from evently.idempotency.models import KeptAnswer


def _collect(user: User) -> Iterator[dict[str, Any]]:
    kept = KeptAnswer.objects.filter(user=user).order_by("created_at", "pk")
    for answer in kept.iterator(500):
        yield {"key": answer.key, "answer": answer.answer, "kept_at": answer.created_at}


def _foretell(user: User, now: datetime) -> tuple[str, ...]:
    return ()


def _release(user: User, now: datetime) -> None:
    KeptAnswer.objects.filter(user=user).delete()


PERSONAL_DATA = PersonalData(
    name="kept_answers", collect=_collect, foretell=_foretell, release=_release
)
