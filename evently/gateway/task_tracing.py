"""Tasks carry the correlation id of the request that started them, and so do their log lines."""

import logging
from typing import Any

from asgi_correlation_id import correlation_id
from celery.signals import before_task_publish, task_postrun, task_prerun

logger = logging.getLogger(__name__)
HEADER = "evently_request_id"


@before_task_publish.connect
def send_along(*, headers: dict[str, Any], **_: Any) -> None:
    if request_id := correlation_id.get():
        headers[HEADER] = request_id


@task_prerun.connect
def take_up(*, task: Any, **_: Any) -> None:
    """The id that came with the message; what the schedule started goes by the task's own."""
    if not task.request.is_eager:
        name = task.request.get(HEADER) or task.request.id
        task.request.name_before = correlation_id.set(name)
        logger.info("%s starts", task.name)


@task_postrun.connect
def lay_down(*, task: Any, **_: Any) -> None:
    if not task.request.is_eager:
        correlation_id.reset(task.request.name_before)
