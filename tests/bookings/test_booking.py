"""Booking seats through the service."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.models import Booking
from bookings.services import BookingRequest, book_batch
from tests.makers import make_event, make_users


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [1, 40])
def test_a_batch_of_any_size_takes_at_most_eight_statements(size: int) -> None:
    event = make_event(capacity=100)
    requests = [
        BookingRequest(user_id=user.pk, quantity=1, idempotency_key="first click")
        for user in make_users(size)
    ]
    with CaptureQueriesContext(connection) as queries:
        outcomes = book_batch(event_id=event.pk, requests=requests, now=datetime.now(UTC))
    assert all(isinstance(outcome, Booking) for outcome in outcomes)
    assert len(queries) <= 8, [query["sql"][:80] for query in queries]
