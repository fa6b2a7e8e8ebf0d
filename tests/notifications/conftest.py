"""Mail servers, and settings that lead to them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from evently.breaker import Breaker
from evently.dev.mail import MailServer
from notifications.delivery import routes
from tests.notifications.mailroom import KEY, FakeSendGrid, MoodySmtp, fake_sendgrid, moody_smtp


@pytest.fixture(autouse=True)
def _fresh_breakers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test broke does not rest in the next."""
    monkeypatch.setattr(
        routes, "_breakers", {"sendgrid": Breaker(pause=30.0), "smtp": Breaker(pause=10.0)}
    )


@pytest.fixture
def mail_folder(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """Where the mail server of `make run` keeps what it gets."""
    server = MailServer(tmp_path / "mail")
    server.start()
    for name, value in server.environment.items():
        setattr(settings, name, value)
    yield server.folder
    server.stop()


@pytest.fixture
def smtp(settings: Settings) -> Iterator[MoodySmtp]:
    """A server that answers as the test wants."""
    with moody_smtp() as (moody, port):
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        yield moody


@pytest.fixture
def sendgrid(settings: Settings) -> Iterator[FakeSendGrid]:
    """A stand-in that is asked first; answers are waited for half a second."""
    with fake_sendgrid() as server:
        settings.SENDGRID_API_KEY = KEY
        settings.ANYMAIL = {"SENDGRID_API_URL": server.url, "REQUESTS_TIMEOUT": (0.5, 0.5)}
        yield server
