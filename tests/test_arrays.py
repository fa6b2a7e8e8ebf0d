"""Lists as parameters: whatever they hold, the database gets it as it is."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (
            "text",
            ["plain", "two words", "", "NULL", "null", "a,b", "{}", 'say "hi"', "back\\slash"],
        ),
        ("text", ["a", ""]),
        ("text", ["nu", "ll"]),
        ("text", ["-", "."]),
        ("text", ["ü", "\u2003", "\n", None]),
        ("text", [["a", "b"], ["c d", "e"]]),
        ("uuid", [UUID(int=0), UUID(int=2**128 - 1)]),
        ("uuid", [None, UUID(int=5)]),
        ("int", [-1, 0, 2**31 - 1]),
        ("numeric", [Decimal("-0.50"), Decimal("12.5"), Decimal("NaN")]),
        ("bool", [True, False, None]),
        ("bytea", [b"", b"\\x00", b"null"]),
        ("timestamptz", [datetime(2027, 3, 28, 1, 30, tzinfo=UTC)]),
        ("text", []),
        ("text", [None]),
    ],
    ids=repr,
)
def test_a_list_arrives_as_it_is(kind: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [values])
        (got,) = cursor.fetchone()
    assert str(got) == str(values)
