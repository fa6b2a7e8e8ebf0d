"""One started Evently for all attacks, with rate limits on as in production."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live_server import LiveEvently, Sale
from tests.security.attack import Bystanders

SALES = 30


@pytest.fixture(scope="session")
def evently(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEvently]:
    folder: Path = tmp_path_factory.mktemp("attacked")
    with LiveEvently(folder, RATE_LIMITS="on") as live:
        yield live


@pytest.fixture(scope="session")
def sales(evently: LiveEvently) -> Iterator[Sale]:
    return iter(evently.sales(SALES))


@pytest.fixture
def sale(sales: Iterator[Sale]) -> Sale:
    """One that nobody has bought from yet."""
    return next(sales)


@pytest.fixture
def bystanders(
    evently: LiveEvently, sale: Sale, record_property: Callable[[str, object], None]
) -> Iterator[Bystanders]:
    """People who must be served while the test attacks; their waiting is reported in the end."""
    evently.heal()
    evently.forget_limits()
    people = Bystanders(evently, sale, evently.web)
    yield people
    for what, seconds in people.slowest.items():
        record_property(what, round(seconds, 3))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The longest answers that bystanders waited for, in seconds."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        if report.when == "teardown" and report.user_properties:
            figures = ", ".join(f"{what} {value} s" for what, value in report.user_properties)
            terminalreporter.line(f"{report.nodeid}: slowest {figures}")
