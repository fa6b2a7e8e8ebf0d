"""What the tests of bookings get besides: walls to take out."""

from collections.abc import Iterator

import pytest

from tests.harness import without_constraints


@pytest.fixture
def no_constraints(transactional_db: None) -> Iterator[None]:
    with without_constraints():
        yield
