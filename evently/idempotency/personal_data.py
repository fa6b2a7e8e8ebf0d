"""A person's kept answers: naming them, and deleting them with the account."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from evently.accounts.models import User
from evently.accounts.personal_data import PersonalData
from evently.idempotency.models import KeptAnswer


def _collect(user: User) -> Iterator[dict[str, Any]]:
    kept = KeptAnswer.objects.filter(user=user).order_by("created_at", "pk")
    yield from kept.values("key", "answer", "created_at").iterator(500)


def _foretell(user: User, now: datetime) -> tuple[str, ...]:
    return ()


def _release(user: User, now: datetime) -> None:
    KeptAnswer.objects.filter(user=user).delete()


PERSONAL_DATA = PersonalData(
    name="kept_answers", collect=_collect, foretell=_foretell, release=_release
)
