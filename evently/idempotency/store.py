"""Keeping answers and finding them. Everything but `forget_old_answers` belongs into the
transaction of the change that the answer tells of."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.db import connection
from django.db.models import Count

from evently.idempotency.models import KeptAnswer

KEPT_FOR = timedelta(hours=24)
# Beyond these, a person's older answers are forgotten before their day is over.
MOST_OF_A_PERSON = 10_000

# A person and a key of theirs.
Asked = tuple[UUID, str]


def hold_key(user_id: UUID, key: str) -> bool:
    """Whether no other request of the person with this key is under way; never waits.

    It is held until the transaction ends, and ends with the connection when the process dies.
    """
    digest = sha256(f"{user_id}:{key}".encode()).digest()
    number = int.from_bytes(digest[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        [is_held] = cursor.fetchone()
    return bool(is_held)


def find_answers(asked: Collection[Asked]) -> dict[Asked, KeptAnswer]:
    """The kept answers to these people and keys, in one query; none when nobody is asked for."""
    if not asked:
        return {}
    answers = KeptAnswer.objects.filter(
        user_id__in={user_id for user_id, _ in asked}, key__in={key for _, key in asked}
    )
    return {(answer.user_id, answer.key): answer for answer in answers}


def keep_answers(answers: Sequence[KeptAnswer]) -> None:
    """Raises IntegrityError when one of the keys has been used meanwhile."""
    if answers:
        KeptAnswer.objects.bulk_create(answers)


def forget_old_answers(*, now: datetime) -> int:
    """Delete answers older than a day, and those that are too many of one person; returns how many.

    Args:
        now: aware UTC instant, read once at the edge.
    """
    deleted, _ = KeptAnswer.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    numbers = KeptAnswer.objects.values("user_id").annotate(number=Count("pk"))
    for person in list(
        numbers.filter(number__gt=MOST_OF_A_PERSON).values_list("user_id", flat=True)
    ):
        deleted += _forget_beyond_the_most(person)
    return deleted


def _forget_beyond_the_most(user_id: UUID) -> int:
    own = KeptAnswer.objects.filter(user_id=user_id)
    newest = own.order_by("-created_at", "-pk")[:MOST_OF_A_PERSON]
    deleted, _ = own.exclude(pk__in=newest.values("pk")).delete()
    return deleted
