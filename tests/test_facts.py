"""News between the apps: told after the commit, and nobody's failure hurts another."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest

from evently import facts
from evently.facts import publish, subscribe, write_down
from evently.transactions import unit_of_work

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class DoorOpened:
    number: int


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[DoorOpened]:
    """What a subscriber hears; the subscription ends with the test."""
    monkeypatch.delitem(subscribers(), DoorOpened, raising=False)
    news: list[DoorOpened] = []
    subscribe(DoorOpened, news.append)
    return news


def subscribers() -> dict[type, object]:
    from evently import facts

    return facts._subscribers  # type: ignore[return-value]


def test_a_fact_is_told_after_the_commit_and_not_before(heard: list[DoorOpened]) -> None:
    with unit_of_work():
        publish(DoorOpened(1))
        assert heard == []
    assert heard == [DoorOpened(1)]


def test_a_fact_of_a_transaction_that_failed_is_never_told(heard: list[DoorOpened]) -> None:
    with suppress(ZeroDivisionError), unit_of_work():
        publish(DoorOpened(1))
        raise ZeroDivisionError
    assert heard == []


def test_subscribing_twice_is_hearing_once(heard: list[DoorOpened]) -> None:
    hear_too = heard.append
    subscribe(DoorOpened, hear_too)
    subscribe(DoorOpened, hear_too)
    with unit_of_work():
        publish(DoorOpened(1))
    assert heard == [DoorOpened(1)]


def test_a_subscriber_that_fails_hurts_neither_the_change_nor_the_next_one(
    heard: list[DoorOpened], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(fact: DoorOpened) -> None:
        raise ZeroDivisionError

    subscribe(DoorOpened, fail)
    late: list[DoorOpened] = []
    subscribe(DoorOpened, late.append)
    with unit_of_work():
        publish(DoorOpened(1))
    assert heard == [DoorOpened(1)]
    assert late == [DoorOpened(1)]
    assert "A subscriber failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[list[DoorOpened]]:
    """What a scribe writes, each call by itself; it leaves with the test."""
    monkeypatch.delitem(facts._scribes, DoorOpened, raising=False)
    calls: list[list[DoorOpened]] = []
    write_down(DoorOpened, lambda doors: calls.append(list(doors)))
    return calls


def test_a_scribe_writes_once_at_the_end_of_the_transaction(
    written: list[list[DoorOpened]], heard: list[DoorOpened]
) -> None:
    with unit_of_work():
        publish(DoorOpened(1))
        publish(DoorOpened(2))
        assert written == []
    assert written == [[DoorOpened(1), DoorOpened(2)]]
    assert heard == [DoorOpened(1), DoorOpened(2)]


def test_a_scribe_that_fails_fails_the_change(
    written: list[list[DoorOpened]], heard: list[DoorOpened]
) -> None:
    def fail(doors: Sequence[DoorOpened]) -> None:
        raise ZeroDivisionError

    write_down(DoorOpened, fail)
    with suppress(ZeroDivisionError), unit_of_work():
        publish(DoorOpened(1))
    assert heard == []


def test_what_failed_is_not_written_down(written: list[list[DoorOpened]]) -> None:
    with suppress(ZeroDivisionError), unit_of_work():
        publish(DoorOpened(1))
        raise ZeroDivisionError
    with unit_of_work():
        publish(DoorOpened(2))
    assert written == [[DoorOpened(2)]]
