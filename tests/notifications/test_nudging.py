"""Workers are nudged after commits: soon, and seldom."""

import time
from contextlib import suppress

import pytest
from django_redis import get_redis_connection

from evently.transactions import unit_of_work
from notifications import nudging
from notifications.models import Delivery, Kind
from notifications.nudging import Nudger, nudge_delivery, take_up_nudge
from notifications.tasks import deliver
from notifications.writing import Telling, write_notices
from tests.live_server import eventually
from tests.makers import make_user, make_users
from tests.notifications.mailroom import MoodySmtp
from tests.notifications.people import welcome

pytestmark = pytest.mark.django_db(transaction=True)


def waiting() -> int:
    """Messages in the queue for mail."""
    return int(get_redis_connection().llen("evently:jobs:mail"))


def test_a_commit_nudges_a_worker() -> None:
    welcome([make_user()])
    eventually(lambda: waiting() == 1, "a worker is nudged")


def test_a_rollback_nudges_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[None] = []
    monkeypatch.setattr(nudging.nudger, "wake", lambda: woken.append(None))
    person = make_user()
    telling = Telling(user_id=person.pk, event_id=None, about=person.pk)
    with suppress(ZeroDivisionError), unit_of_work():
        write_notices(Kind.WELCOME, [telling])
        raise ZeroDivisionError
    assert woken == []
    with unit_of_work():
        write_notices(Kind.WELCOME, [telling])
    assert woken == [None]


def test_commits_of_many_are_one_nudge_in_a_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    nudged: list[float] = []
    monkeypatch.setattr(nudging, "nudge_delivery", lambda: nudged.append(time.monotonic()))
    monkeypatch.setattr(nudging, "TICK_SECONDS", 0.5)
    nudger = Nudger()
    nudger.wake()
    eventually(lambda: len(nudged) == 1, "the first is told at once")
    for _ in range(100):
        nudger.wake()
    eventually(lambda: len(nudged) == 2, "the rest is told with the next tick")
    assert nudged[1] - nudged[0] >= 0.5


def test_one_message_waits_until_a_worker_takes_it_up() -> None:
    nudge_delivery()
    nudge_delivery()
    assert waiting() == 1
    take_up_nudge()
    nudge_delivery()
    assert waiting() == 2


def test_the_job_brings_all_that_is_due_and_asks_for_help_with_much(
    smtp: MoodySmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudging.nudger, "wake", lambda: None)
    welcome(make_users(5))
    deliver()
    assert (len(smtp.taken), waiting()) == (5, 0)
    welcome(make_users(45))
    deliver()
    assert (len(smtp.taken), waiting()) == (50, 1)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"sent"}
