"""Transactions that hold rows and do not end are found, and named in the log."""

import logging
from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from evently.jobs import tasks
from evently.jobs.stale_locks import list_stale_locks
from evently.jobs.tasks import report_stale_locks
from tests.makers import make_event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> Iterator[BaseDatabaseWrapper]:
    """Another session, in a transaction."""
    wrapper = connection.copy()
    wrapper.set_autocommit(False)
    yield wrapper
    wrapper.rollback()
    wrapper.close()


def run(session: BaseDatabaseWrapper, sql: str) -> None:
    with session.cursor() as cursor:
        cursor.execute(sql)


def test_a_transaction_that_holds_a_row_is_found(other: BaseDatabaseWrapper) -> None:
    make_event()
    run(other, "SELECT id FROM events_event FOR UPDATE")
    [found] = list_stale_locks(seconds=0)
    assert (found.state, found.waiting) == ("idle in transaction", 0)
    assert list_stale_locks(seconds=60) == []


def test_one_that_only_reads_is_none_of_them(other: BaseDatabaseWrapper) -> None:
    run(other, "SELECT id FROM events_event")
    assert list_stale_locks(seconds=0) == []


def test_the_log_names_it(
    other: BaseDatabaseWrapper,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_event()
    run(other, "SELECT id FROM events_event FOR UPDATE")
    monkeypatch.setattr(tasks, "list_stale_locks", lambda: list_stale_locks(seconds=0))
    with caplog.at_level(logging.ERROR):
        report_stale_locks()
    [line] = caplog.messages
    assert f"pid {list_stale_locks(seconds=0)[0].pid}" in line
