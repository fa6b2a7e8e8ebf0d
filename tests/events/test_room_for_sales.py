"""A sale writes the event's row and none of its indexes: there is room on the row's own page."""

import pytest
from django.db import connection
from django.db.models import F

from events.models import Event
from tests.makers import make_event, make_organiser

pytestmark = pytest.mark.django_db


def test_sales_leave_the_indexes_of_events_alone() -> None:
    organiser = make_organiser()
    for _ in range(60):
        make_event(organiser)
    Event.objects.update(available_seats=F("available_seats") - 1, version=F("version") + 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_get_xact_tuples_updated(%s::regclass),"
            " pg_stat_get_xact_tuples_hot_updated(%s::regclass)",
            [Event._meta.db_table] * 2,
        )
        assert cursor.fetchone() == (60, 60)
