"""The Celery application: background jobs and their schedule."""

import os

from celery import Celery

from evently import orphans  # noqa: F401 (connects itself)
from evently.gateway import task_tracing  # noqa: F401 (connects itself)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")

app = Celery("evently")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
