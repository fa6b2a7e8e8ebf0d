"""The demo on a real server, for the commands that look at it: pictures and figures.

Such a command runs inside `python -m evently.dev exec --`, which starts PostgreSQL and Redis, and
imports this module before any other that needs Django.
"""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import django

os.environ.update(
    DJANGO_SETTINGS_MODULE="evently.settings",
    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
    DJANGO_ALLOW_ASYNC_UNSAFE="yes",
    RATE_LIMITS="off",
    LOG_LEVEL="ERROR",
)
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from evently.accounts.models import User  # noqa: E402
from evently.demo.loading import load_demo  # noqa: E402
from tests.browser.server import collect_static, running_server  # noqa: E402


@contextmanager
def demo_site() -> Iterator[str]:
    """The address of a server with the demo and with static files as in production."""
    call_command("migrate", verbosity=0)
    if User.objects.exists():
        sys.exit("This needs an empty database: leave DATABASE_URL unset, and one is made for it.")
    load_demo(password=secrets.token_urlsafe(), now=datetime.now(UTC))
    collect_static(settings.STATIC_ROOT)
    with running_server() as host:
        yield f"http://{host}"
