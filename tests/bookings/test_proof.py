"""`manage.py prove_no_oversell`: real processes, small."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from bookings.models import Booking
from bookings.proof.plan import Sight
from bookings.proof.proving import Options, Verdict, find_faults
from bookings.proof.report import describe, percentile
from bookings.proof.scratch import Recount, scratch_rows
from evently.accounts.models import User
from evently.ids import new_id
from events.models import Event, Organiser
from tests.makers import make_booking

NOW = datetime.now(UTC)

BREAK_THE_COUNTER = """
    CREATE FUNCTION forget_the_sale() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.available_seats := OLD.available_seats; RETURN NEW; END $$;
    CREATE TRIGGER broken BEFORE UPDATE ON events_event
    FOR EACH ROW EXECUTE FUNCTION forget_the_sale();
"""
MEND_THE_COUNTER = "DROP TRIGGER broken ON events_event; DROP FUNCTION forget_the_sale();"


@pytest.fixture
def broken_core(transactional_db: None) -> Iterator[None]:
    """A counter that forgets every sale, for whichever process sells."""
    with connection.cursor() as cursor:
        cursor.execute(BREAK_THE_COUNTER)
        yield
        cursor.execute(MEND_THE_COUNTER)


def run(**options: object) -> tuple[str, bool]:
    """What the command prints, and whether it ended well."""
    out, code = StringIO(), 0
    try:
        call_command("prove_no_oversell", stdout=out, **options)
    except SystemExit as end:
        code = end.code  # type: ignore[assignment]
    return out.getvalue(), {0: True, 1: False}[code]


@pytest.mark.django_db(transaction=True)
def test_forty_buyers_in_two_processes_get_exactly_ten_seats() -> None:
    report, good = run(processes=2, buyers=40, seats=10)
    assert good, report
    assert "attempts    40 in" in report
    assert "confirmed   10 " in report
    assert "refused     30 sold-out" in report
    assert "0 free + 10 confirmed = 10 seats" in report
    assert report.endswith("PASS\n")
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_row_is_left_behind_when_a_proof_breaks_off() -> None:
    with suppress(ZeroDivisionError), scratch_rows(buyers=2, seats=1, now=NOW, keep=False) as made:
        make_booking(made.event, made.people[0])
        raise ZeroDivisionError
    for model in (Booking, Event, Organiser, User):
        assert not model._default_manager.exists()


@pytest.mark.django_db(transaction=True)
def test_the_proof_keeps_its_rows_when_asked_to() -> None:
    run(processes=1, buyers=2, seats=1, keep=True)
    assert Booking.objects.get().event.capacity == 1


@pytest.mark.django_db(transaction=True)
def test_a_proof_over_some_time_books_and_cancels() -> None:
    report, good = run(processes=2, buyers=6, seats=2, seconds=3)
    assert good, report
    assert "cancelled   0\n" not in report


@pytest.mark.django_db(transaction=True)
def test_the_proof_fails_when_the_core_is_broken(broken_core: None) -> None:
    report, good = run(processes=2, buyers=40, seats=10)
    assert not good
    assert "Oversold: 40 seats are confirmed and there are 10." in report
    assert "10 free + 40 confirmed ≠ 10 seats" in report
    assert report.endswith("FAIL\n")


@pytest.mark.django_db(transaction=True)
def test_the_proof_fails_when_nobody_answers() -> None:
    report, good = run(processes=1, buyers=3, seats=1, urls=["http://127.0.0.1:1"])
    assert not good
    assert "3 attempts failed: ConnectionRefusedError." in report
    assert "Nobody could book: nothing was proven." in report


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["buyers", "seats", "processes"])
def test_a_proof_without_anybody_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match=f"--{name} must be 1 or more"):
        run(**{name: 0})


# --- The judgement ------------------------------------------------------------------------------

GOOD_ROWS: dict[str, Any] = {"capacity": 10, "available_seats": 0, "claimed": 10, "twice": 0}
GOOD_ANSWERS = {"booked": 10, "sold-out": 30}


def faults(rows: dict[str, Any], answers: dict[str, int], failures: dict[str, int]) -> list[str]:
    seen = Sight(answers=Counter(GOOD_ANSWERS | answers), failures=Counter(failures))
    options = Options(buyers=40, seats=10, processes=2)
    return list(find_faults(options, seen, Recount(**(GOOD_ROWS | rows))))


@pytest.mark.parametrize(
    ("rows", "answers", "failures", "fault"),
    [
        ({"capacity": 12, "claimed": 12}, {}, {}, "Oversold: 12 seats"),
        ({"available_seats": 1}, {}, {}, "The inventory does not add up"),
        ({"available_seats": -1, "claimed": 11}, {}, {}, "The inventory does not add up"),
        ({"twice": 1}, {}, {}, "1 people hold more than one booking"),
        ({"available_seats": 3, "claimed": 7}, {}, {}, "3 seats are free"),
        ({}, {}, {"HTTP 500": 1}, "1 attempts failed: HTTP 500"),
        ({}, {"booked": 0}, {}, "Nobody could book"),
    ],
)
def test_each_fault_is_found(
    rows: dict[str, int], answers: dict[str, int], failures: dict[str, int], fault: str
) -> None:
    assert any(fault in sentence for sentence in faults(rows, answers, failures))


def broken_promises(told: dict[UUID, str], held: dict[UUID, str]) -> list[str]:
    seen = Sight(answers=Counter(GOOD_ANSWERS), told=told)
    options = Options(buyers=40, seats=10, processes=2)
    return list(find_faults(options, seen, Recount(**GOOD_ROWS, held=held)))


def test_every_promise_is_compared_with_the_rows() -> None:
    ada, bob = new_id(), new_id()
    assert broken_promises({ada: "AAA", bob: ""}, {ada: "AAA"}) == []
    told_of_one = "1 people were told of a booking that is not there."
    assert broken_promises({ada: "AAA"}, {}) == [told_of_one]
    assert broken_promises({ada: "AAA"}, {ada: "BBB"}) == [told_of_one]
    assert broken_promises({bob: ""}, {bob: "BBB"}) == [
        "1 people were told of no booking and have one."
    ]


def test_what_got_no_clear_answer_may_have_been_booked_or_not() -> None:
    assert broken_promises({}, {new_id(): "AAA"}) == []


def test_lost_answers_are_no_fault_when_outages_are_expected() -> None:
    seen = Sight(answers=Counter(GOOD_ANSWERS), failures=Counter({"ConnectionResetError": 3}))
    options = Options(buyers=40, seats=10, processes=2, outages=True)
    assert list(find_faults(options, seen, Recount(**GOOD_ROWS))) == []


def test_the_report_counts_what_was_busy_apart() -> None:
    seen = Sight(answers=Counter({"booked": 1, "busy": 2, "sold-out": 1}), latencies=[0.1] * 4)
    lines = list(describe(Verdict(seen, Recount(**GOOD_ROWS), [])))
    assert "busy        2" in lines
    assert "refused     1 sold-out" in lines


def test_percentiles_are_taken_by_nearest_rank() -> None:
    latencies = [float(rank) for rank in range(100, 0, -1)]
    assert [percentile(latencies, at) for at in (50, 95, 99)] == [50.0, 95.0, 99.0]
    assert percentile([7.0], 50) == 7.0
    assert percentile([], 99) == 0.0
