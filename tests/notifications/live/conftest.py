"""Each test has its own background thread."""

from tests.events.live.conftest import _fresh_announcer

__all__ = ["_fresh_announcer"]
