"""Each test has its own background thread, and leaves no database connection behind."""

from tests.events.live.conftest import _fresh_announcer, _no_connection_is_left

__all__ = ["_fresh_announcer", "_no_connection_is_left"]
