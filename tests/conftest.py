"""What every test gets: plain static files, a clean cache, and an eye on open transactions."""

import asyncio
import gc
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import connection, connections, transaction
from django.test import TransactionTestCase
from django.utils import translation
from django_redis import get_redis_connection
from pytest_django import DjangoDbBlocker, Settings
from rest_framework.test import APIClient

from evently.accounts.models import User
from evently.dev.redis import Redis
from evently.errors import Refusal
from events.suggestions import forget_vocabulary

LEFT_OPEN = """
    SELECT pid, state, query, pg_terminate_backend(pid, 5000)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND client_port IS NOT NULL
"""
MADE_BY_MIGRATE = {"django_content_type", "auth_permission"}
LEFT = pytest.StashKey[list[tuple[Any, ...]]]()


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, pytestconfig: pytest.Config
) -> Iterator[None]:
    """What would keep the tests' database from being dropped is closed before.

    The thread in which asynchronous code waits for the database lives as long as the tests, and the
    connection of one that is gone until it is collected. Whatever is open still is named.
    """
    yield
    asyncio.run(sync_to_async(connections.close_all)())
    gc.collect()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(LEFT_OPEN)
        pytestconfig.stash[LEFT] = cursor.fetchall()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for session in config.stash.get(LEFT, ()):
        terminalreporter.line(f"A session was left open and ended: {session}", yellow=True)


@pytest.fixture(scope="session", autouse=True)
def _quick_flush() -> Iterator[None]:
    """Empty the tables after a test with transactions of its own in a tenth of Django's time.

    Django truncates every table and makes content types and permissions anew. Here only tables with
    rows are emptied, and what `migrate` made stays. The keys are checked at the commit.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", _delete_rows)
        yield


def _delete_rows(_: TransactionTestCase) -> None:
    names = set(connection.introspection.django_table_names(include_views=False)) - MADE_BY_MIGRATE
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in sorted(names))
        )
        filled = [name for (name,) in cursor.fetchall()]
        if filled:
            cursor.execute("; ".join(f"DELETE FROM {name}" for name in filled))


@pytest.fixture(autouse=True)
def _plain_settings(settings: Settings) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.WHITENOISE_AUTOREFRESH = True  # nothing is collected into STATIC_ROOT here
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _english() -> None:
    """A request in another language leaves it to the thread that served it."""
    translation.activate("en")


@pytest.fixture(autouse=True)
def _empty_redis() -> Iterator[None]:
    """Every test begins with an empty Redis."""
    get_redis_connection().flushdb()
    yield
    cache.close()


@pytest.fixture(autouse=True)
def _no_words_of_other_tests() -> None:
    forget_vocabulary()


@pytest.fixture(autouse=True)
def _no_socket_inside_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mail, HTTP, Redis and brokers wait for the commit: connecting or sending sooner fails.

    The transaction that pytest-django wraps around a test does not count.
    """

    def watched(real: Any) -> Any:
        def call(sock: socket.socket, *args: Any, **kwargs: Any) -> Any:
            blocks = connection.atomic_blocks
            if any(not getattr(block, "_from_testcase", False) for block in blocks):
                raise AssertionError("A socket was used inside an open transaction")
            return real(sock, *args, **kwargs)

        return call

    for name in ("connect", "sendall", "send"):
        monkeypatch.setattr(socket.socket, name, watched(getattr(socket.socket, name)))


@pytest.fixture(autouse=True)
def _refusals_have_the_facts_that_they_declare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API's document promises these facts, and no others, with their types."""
    make = Refusal.__init__

    def checked(refusal: Refusal, detail: str = "", **facts: Any) -> None:
        declared = refusal.declared_facts
        always = {name for name, fact in declared.items() if fact.is_always_there}
        assert always <= facts.keys() <= declared.keys(), (type(refusal), facts)
        for name, value in facts.items():
            jsonschema_rs.validate(dict(declared[name].schema), value)
        make(refusal, detail, **facts)

    monkeypatch.setattr(Refusal, "__init__", checked)


@pytest.fixture
def redis_that_dies(tmp_path: Path, settings: Settings) -> Iterator[Redis]:
    """A Redis of this test's own, to stop at will."""
    server = Redis(tmp_path / "redis", durable=False)
    server.start()
    settings.REDIS_URL = server.url
    yield server
    server.stop()


@pytest.fixture
def api() -> APIClient:
    """A stranger's client."""
    return APIClient()


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client
