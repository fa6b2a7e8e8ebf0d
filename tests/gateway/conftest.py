"""What tests of the gateway get: small budgets, layers around a small application, the real log."""

import io
import logging
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from pytest_django import Settings

from evently.console import Console
from evently.gateway import limits as gateway_limits
from evently.gateway.access import access_log
from evently.gateway.limits import RateLimits, SharedLimit
from evently.gateway.tiers import budgets, shared_tier
from evently.repeats import OncePerMinute
from tests.gateway.asking import ok


@pytest.fixture(autouse=True)
def _refusals_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_limits, "REFUSED_AFTER_SECONDS", 0)


@pytest.fixture
async def limited() -> AsyncIterator[RateLimits]:
    layer = RateLimits(SharedLimit(ok))
    yield layer
    await layer.close()


@pytest.fixture
def limits(settings: Settings) -> Iterator[Callable[..., None]]:
    """Set figures for the test: `limits(booking=3)`."""

    def set_figures(**figures: int) -> None:
        settings.RATE_LIMIT_PER_MINUTE = settings.RATE_LIMIT_PER_MINUTE | figures
        budgets.cache_clear()
        shared_tier.cache_clear()

    yield set_figures
    budgets.cache_clear()
    shared_tier.cache_clear()


class Written(io.StringIO):
    """What was written, and what would be in a moment."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def getvalue(self) -> str:
        access_log.write()
        self._console.flush()
        return super().getvalue()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the server's own handler writes, in the server's own format."""
    console = next(handler for handler in logging.root.handlers if handler.name == "console")
    assert isinstance(console, Console)
    access_log.write()  # what the test before this one had to say
    access_log.refusals.forget()
    OncePerMinute.repeats.forget()
    written = Written(console)
    before = console.setStream(written)
    yield written
    console.setStream(before)
