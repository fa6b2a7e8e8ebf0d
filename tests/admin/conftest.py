"""What every test of the admin gets: one world."""

import pytest

from tests.admin.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()
