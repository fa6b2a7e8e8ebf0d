"""Names of requests on their way into tasks and out again."""

from collections.abc import Iterator

import pytest
from asgi_correlation_id import correlation_id

from evently.celery import app
from evently.gateway.task_tracing import lay_down, send_along, take_up
from evently.jobs import beat_heart, nudge

NAME = "a-name.of_MINE-1"


@pytest.fixture
def named() -> Iterator[None]:
    """Within a request."""
    token = correlation_id.set(NAME)
    yield
    correlation_id.reset(token)


@pytest.fixture
def jobs_at_once() -> Iterator[None]:
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def test_a_message_carries_the_name_of_its_request(named: None) -> None:
    headers: dict[str, str] = {}
    send_along(headers=headers)
    assert headers == {"evently_request_id": NAME}


def test_a_message_of_no_request_carries_none() -> None:
    headers: dict[str, str] = {}
    send_along(headers=headers)
    assert headers == {}


@pytest.mark.parametrize(
    ("header", "name"), [({"evently_request_id": NAME}, NAME), ({}, "id-of-the-task")]
)
def test_a_task_goes_by_that_name_until_it_ends(
    header: dict[str, str], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    beat_heart.push_request(id="id-of-the-task", is_eager=False, **header)
    try:
        take_up(task=beat_heart)
        assert correlation_id.get() == name
        assert "evently.beat_heart starts" in caplog.text
        lay_down(task=beat_heart)
        assert correlation_id.get() is None
    finally:
        beat_heart.pop_request()


def test_a_task_that_runs_within_its_request_leaves_the_name_alone(
    named: None, jobs_at_once: None
) -> None:
    nudge(beat_heart)
    assert correlation_id.get() == NAME
