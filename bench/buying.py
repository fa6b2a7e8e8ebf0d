"""People who buy: the requests of a round, and whether the rows agree with the answers."""

import json
from collections.abc import Sequence
from itertools import cycle

from bench.load import Answers, line, send_each
from bench.rows import add_events, tally
from bench.stage import Stage

BOOKINGS = "/api/v1/bookings"
CONNECTIONS = 128
AMPLE = 1_000_000


class Wrong(Exception):
    """What was answered and what the database holds are not the same."""


def booking_lines(tokens: Sequence[str], event_ids: Sequence[str]) -> list[str]:
    """One request for one seat of each person, the events in turn."""
    bodies = [json.dumps({"event_id": event_id, "quantity": 1}) for event_id in event_ids]
    return [
        line("POST", BOOKINGS, token=token, body=body)
        for token, body in zip(tokens, cycle(bodies), strict=False)
    ]


def sell(
    stage: Stage,
    url: str,
    *,
    buyers: int,
    events: int = 1,
    connections: int = CONNECTIONS,
    mean_pause_ms: float = 0,
) -> Answers:
    """Let different people book a seat each, of new events with ample seats.

    Raises:
        Wrong: somebody was refused, or the bookings are not exactly those that were answered.
    """
    event_ids = add_events(stage.rows, number=events, seats=AMPLE)
    lines = booking_lines(stage.tokens[:buyers], event_ids)
    answers = send_each(url, lines, connections=connections, mean_pause_ms=mean_pause_ms)
    check(stage, event_ids, answers, {"201": buyers})
    return answers


def check(stage: Stage, event_ids: list[str], answers: Answers, expected: dict[str, int]) -> None:
    """Compare the answers with what was expected, and with the rows.

    Raises:
        Wrong: they differ, or the seats of an event do not add up.
    """
    if answers.statuses != expected:
        raise Wrong(f"Expected answers {expected}, got {answers.statuses}.")
    found = tally(stage.rows, event_ids)
    if found.bookings != expected["201"] or found.unsound:
        raise Wrong(f"{expected} were answered and the rows say {found}.")


def warm_up(stage: Stage, url: str) -> int:
    """Let some people book; returns how many can do so in the time that a turn may take."""
    few, most = stage.pace.warm_up, stage.pace.people
    sell(stage, url, buyers=few)
    rate = sell(stage, url, buyers=few).rate
    return max(few, min(most, round(rate * stage.pace.seconds)))
