"""Jobs of accounts."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from evently.accounts import services


@shared_task(name="accounts.forget_old_tokens", ignore_result=True)
def forget_old_tokens(**_: Any) -> None:
    services.forget_old_tokens(now=timezone.now())
