"""Forgetting old answers."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from evently.idempotency import store


# Its name is older than its place: messages of an older release name it so, too.
@shared_task(name="bookings.forget_old_answers", ignore_result=True)
def forget_old_answers(**_: Any) -> None:
    store.forget_old_answers(now=timezone.now())
