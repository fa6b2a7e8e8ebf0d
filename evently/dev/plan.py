"""What `make run` runs beside the two servers."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ADMIN = "admin@evently.example"
# A worker for mail alone: however much of it waits, other jobs do not.
WORKER = (
    *("worker", "--loglevel", "WARNING", "--concurrency", "2"),
    *("--without-mingle", "--without-gossip"),
)
MAILER = (*WORKER, "-Q", "mail", "--hostname", "mailer@%h")
WELCOME = """
  Evently is running.

    Site       http://127.0.0.1:{port}/
    Admin      http://127.0.0.1:{port}/admin/
               log in as {admin} with the password {password}
    API        http://127.0.0.1:{port}/api/docs
    Mails      http://127.0.0.1:{port}/development/mails/
               (what Evently sends is read there, unless the environment names a mail server)
    Logs       {logs}

  Press Ctrl-C to stop.
"""


@dataclass(frozen=True)
class Part:
    """A program to run.

    Args:
        argv: the command line.
        grace: seconds it gets to stop in good order.
        env: variables for this program alone.
        listens: whether it serves the site: it is given the listening socket's number at the end
            of its command line.
    """

    name: str
    argv: tuple[str, ...]
    grace: float = 10.0
    env: Mapping[str, str] = field(default_factory=dict)
    listens: bool = False


@dataclass(frozen=True)
class Plan:
    """Steps that must succeed, one after another; then parts that are kept running.

    Args:
        welcome: shown once when the site is ready.
    """

    steps: tuple[Part, ...]
    parts: tuple[Part, ...]
    welcome: str


def evently_plan(*, home: Path, port: int, admin_password: str) -> Plan:
    """The real thing: prepare the database and files, then web, workers and beat."""
    python = sys.executable
    manage = (python, "manage.py")
    # As root Celery warns of itself; on one's own machine that is no news.
    ignored = "ignore:You're running the worker"
    celery = (python, "-W", ignored, "-m", "celery", "-A", "evently", "--quiet")
    serve = (*manage, "serve", "--host", "127.0.0.1", "--port", str(port), "--fd")
    beat = ("beat", "--loglevel", "WARNING", "--schedule", str(home / "celerybeat-schedule"))
    return Plan(
        steps=(
            Part("migrate", (*manage, "migrate", "--verbosity", "0")),
            Part("collectstatic", (*manage, "collectstatic", "--noinput", "--verbosity", "0")),
            Part(
                "load_demo",
                (*manage, "load_demo", "--if-empty"),
                env={"EVENTLY_ADMIN_PASSWORD": admin_password},
            ),
        ),
        parts=(
            Part("web", serve, grace=20, listens=True),
            Part("worker", (*celery, *WORKER, "-X", "mail")),
            Part("mailer", (*celery, *MAILER)),
            Part("beat", (*celery, *beat)),
        ),
        welcome=WELCOME.format(
            port=port,
            admin=ADMIN,
            password=admin_password,
            logs=home / "logs",
        ),
    )
