"""The mail server of `make run`: what Evently sends becomes a file, and nothing leaves."""

import smtplib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from evently.dev.mail import MailServer
from tests.dev.helpers import Run

SAY_WHERE = "import os; print('MAIL', os.environ.get('EMAIL_HOST'), os.environ.get('EMAIL_PORT'))"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    server = MailServer(tmp_path / "mail")
    server.start()
    yield server
    server.stop()


def send(port: int, subject: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.com", subject
    mail.set_content("Hello")
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as line:
        line.send_message(mail)


def subjects(folder: Path) -> list[str]:
    texts = [path.read_text() for path in sorted(folder.glob("*.eml"))]
    return [line for text in texts for line in text.splitlines() if line.startswith("Subject")]


def test_each_mail_is_kept_as_a_file(server: MailServer) -> None:
    for number in range(3):
        send(int(server.environment["EMAIL_PORT"]), f"{number}")
    assert subjects(server.folder) == ["Subject: 0", "Subject: 1", "Subject: 2"]


def test_killed_and_started_again_it_has_its_old_address_and_its_mails(server: MailServer) -> None:
    address = server.url
    send(int(server.environment["EMAIL_PORT"]), "before")
    server.kill()
    server.start()
    assert server.url == address
    send(int(server.environment["EMAIL_PORT"]), "after")
    assert sorted(subjects(server.folder)) == ["Subject: after", "Subject: before"]


@pytest.fixture
def start(tmp_path: Path, with_cluster: Callable[[Path], Path]) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []
    with_cluster(tmp_path / "home" / "postgres")

    def start_one(mail_host: str = "") -> Run:
        named = {"EMAIL_HOST": mail_host} if mail_host else {}
        runs.append(Run(tmp_path / "home", SAY_WHERE, port=None, before=(), **named))
        return runs[-1]

    yield start_one
    for run in runs:
        run.end()


def test_a_run_brings_its_own_mail_server(start: Callable[..., Run]) -> None:
    run = start()
    [(port)] = run.wait_for(r"MAIL 127\.0\.0\.1 (\d+)")
    send(int(port), "from the run")
    assert subjects(run.home / "mail") == ["Subject: from the run"]
    run.wait_until_ready()
    assert run.stop() == 0
    assert not run.descendants()


def test_a_run_that_is_told_of_a_mail_server_brings_none(start: Callable[..., Run]) -> None:
    run = start("smtp.example.com")
    run.wait_for(r"MAIL (smtp\.example\.com) None")
    run.wait_until_ready()
    assert not (run.home / "mail").exists()
