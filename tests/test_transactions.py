"""The unit of work: all or nothing, never nested, and busy when the database is held up."""

import threading
from contextlib import suppress
from uuid import UUID

import pytest
from django.db import OperationalError, connection, transaction
from django.db.utils import InternalError

from evently.errors import Busy
from evently.transactions import frozen_view, unit_of_work
from events.locks import lock_event
from events.models import Event
from tests.harness import PATIENCE_SECONDS, at_once, kinds
from tests.makers import make_event

pytestmark = pytest.mark.django_db(transaction=True)


def rename(event: Event, name: str) -> None:
    Event.objects.filter(pk=event.pk).update(name=name)


def test_what_is_raised_inside_undoes_everything() -> None:
    event = make_event(name="Before")
    with suppress(ZeroDivisionError), unit_of_work():
        rename(event, "After")
        raise ZeroDivisionError
    event.refresh_from_db()
    assert event.name == "Before"


def test_a_unit_of_work_is_never_part_of_another_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), unit_of_work():
        pass


def test_a_lock_that_is_not_to_be_had_in_time_is_busy() -> None:
    event = make_event()
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with unit_of_work():
            lock_event(event.pk)
            locked.set()
            assert done.wait(PATIENCE_SECONDS)

    def want() -> None:
        try:
            assert locked.wait(PATIENCE_SECONDS)
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '50ms'")
            with unit_of_work():
                lock_event(event.pk)
        finally:
            done.set()

    held, wanted = at_once(hold, want)
    assert held is None
    assert isinstance(wanted, Busy)


def test_of_two_that_lock_crosswise_one_is_busy_and_the_other_goes_on() -> None:
    events = [make_event(), make_event()]
    both_hold_one = threading.Barrier(2)

    def lock_both(first: UUID, second: UUID) -> None:
        with unit_of_work():
            lock_event(first)
            both_hold_one.wait(PATIENCE_SECONDS)
            lock_event(second)

    one, two = (event.pk for event in events)
    outcomes = at_once(lambda: lock_both(one, two), lambda: lock_both(two, one))
    assert kinds(outcomes) == ["Busy", "NoneType"]


def test_an_error_that_says_nothing_of_being_held_up_is_not_called_busy() -> None:
    slow = "SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(5)"
    with pytest.raises(OperationalError), unit_of_work(), connection.cursor() as cursor:
        cursor.execute(slow)


def test_connections_wait_for_locks_and_statements_for_a_set_time() -> None:
    with connection.cursor() as cursor:
        shown = []
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SHOW {name}")
            shown.append(cursor.fetchone()[0])
    assert shown == ["5s", "1min", "15s"]


def test_a_frozen_view_sees_one_instant() -> None:
    event = make_event(name="Before")
    with frozen_view():
        assert Event.objects.get().name == "Before"
        at_once(lambda: rename(event, "After"))
        assert Event.objects.get().name == "Before"
    assert Event.objects.get().name == "After"


def test_a_frozen_view_cannot_write() -> None:
    event = make_event()
    with pytest.raises(InternalError, match="read-only"), frozen_view():
        rename(event, "After")
