"""What the made-up people do. Locust runs this file; it knows nothing of Django.

`--plan` names a file with their tokens and the event to book; into `--summary` goes what came
of it.
"""

import json
import random
from argparse import ArgumentParser
from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import Any

from locust import between, events, task
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment

BOOKINGS = "/api/v1/bookings"
LISTS = ("/", "/?when=month", "/?search=a", "/api/v1/events?limit=50", "/api/v1/events/popular")
PERCENTILES = (0.5, 0.95, 0.99)
# In the mixed profile.
BOOKING_PART = 0.1


class Plan:
    """Filled in when Locust starts, before anybody comes."""

    event_id = ""
    tokens = cycle([""])
    outcomes: Counter[str] = Counter()


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--summary", type=Path, required=True)


def read_plan(environment: Environment, **_: Any) -> None:
    options: Any = environment.parsed_options
    plan = json.loads(options.plan.read_text())
    Plan.event_id = plan["event_id"]
    Plan.tokens = cycle(plan["tokens"])


def write_summary(environment: Environment, **_: Any) -> None:
    total = environment.stats.total
    errors = environment.stats.errors.values()
    summary = {
        "requests": total.num_requests,
        "failures": total.num_failures,
        "seconds": max(0.0, (total.last_request_timestamp or 0) - total.start_time),
        "p_ms": [total.get_response_time_percentile(part) for part in PERCENTILES],
        "booked": Plan.outcomes["booked"],
        "limited": Plan.outcomes["limited"],
        "errors": {
            f"{error.method} {error.name}: {error.error}": error.occurrences for error in errors
        },
    }
    options: Any = environment.parsed_options
    options.summary.write_text(json.dumps(summary))
    # Failures are told in the summary; any other code says that the test itself broke.
    environment.process_exit_code = 0


events.init_command_line_parser.add_listener(add_options)
events.init.add_listener(read_plan)
events.quitting.add_listener(write_summary)


class Person(FastHttpUser):
    abstract = True

    def on_start(self) -> None:
        self.headers = {
            "Authorization": f"Bearer {next(Plan.tokens)}",
            "Accept": "application/json",
        }

    def book(self) -> None:
        """Book a seat and give it back."""
        wish = {"event_id": Plan.event_id, "quantity": 1}
        with self.client.post(
            BOOKINGS, json=wish, headers=self.headers, catch_response=True
        ) as answer:
            reference = answer.json()["reference"] if self._is_fine(answer, 201) else ""
        if reference:
            Plan.outcomes["booked"] += 1
            self._give_back(reference)

    def look(self, path: str, name: str) -> Any:
        """Fetch something public; returns the answer."""
        with self.client.get(path, name=name, catch_response=True) as answer:
            self._is_fine(answer, 200)
            return answer

    def _give_back(self, reference: str) -> None:
        path, name = f"{BOOKINGS}/{reference}/cancel", f"{BOOKINGS}/…/cancel"
        with self.client.post(
            path, json={}, name=name, headers=self.headers, catch_response=True
        ) as answer:
            self._is_fine(answer, 200)

    def _is_fine(self, answer: Any, status: int) -> bool:
        """Whether it has the status hoped for. A limit is no failure, but is counted."""
        if answer.status_code == status:
            answer.success()
        elif answer.status_code == 429:
            Plan.outcomes["limited"] += 1
            answer.success()
        else:
            answer.failure(f"status {answer.status_code}")
        return bool(answer.status_code == status)


class Rush(Person):
    """Everybody books the same event, hardly taking a breath."""

    wait_time = between(0, 0.1)

    @task
    def come(self) -> None:
        self.book()


class Browse(Person):
    """Looks at lists and at the events in them."""

    wait_time = between(0.5, 1.5)
    known: tuple[str, ...] = ()

    @task
    def come(self) -> None:
        if self.known and random.random() < 0.6:
            self._look_at_an_event()
        else:
            self.look(random.choice(LISTS), "lists")

    def on_start(self) -> None:
        super().on_start()
        listed = self.look("/api/v1/events?limit=50", "lists")
        if listed.status_code == 200:
            self.known = tuple(event["id"] for event in listed.json()["results"])

    def _look_at_an_event(self) -> None:
        path = random.choice(("/events/{}/", "/api/v1/events/{}"))
        self.look(path.format(random.choice(self.known)), path.format("…"))


class Mixed(Browse):
    """Browses, and books now and then."""

    @task
    def come(self) -> None:
        if random.random() < BOOKING_PART:
            self.book()
        else:
            super().come()
