"""The mails that `make run` kept, in the browser: there, and nowhere else."""

import sys
from collections.abc import Iterator
from email.message import EmailMessage
from importlib import reload
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client
from django.urls import Resolver404, clear_url_caches, resolve
from pytest_django import Settings

from evently import urls
from evently.dev import mail_pages

pytestmark = pytest.mark.django_db
PAGES = "/development/mails/"
PICTURE = b"\x89PNG picture"


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """The folder of a `make run`, whose pages are there."""
    settings.DEVELOPMENT_MAIL = str(tmp_path)
    _read_urls()
    yield tmp_path
    settings.DEVELOPMENT_MAIL = ""
    _read_urls()


def _read_urls() -> None:
    reload(urls)
    clear_url_caches()


def keep(folder: Path, number: int, *, html: str = "", **fields: str) -> str:
    """A mail as the mail server keeps it; returns the file's name."""
    mail = EmailMessage()
    mail["To"], mail["From"] = fields.get("to", "ada@example.com"), "hello@evently.example"
    mail["Subject"] = fields.get("subject", "Hello")
    mail.set_content(fields.get("text", "Hello"))
    if html:
        mail.add_alternative(html, subtype="html")
        mail.add_attachment(PICTURE, "image", "png", cid="<code.png>", filename="code.png")
    name = f"20261127-120000-77-{number:06}.eml"
    (folder / name).write_bytes(mail.as_bytes())
    return name


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_link_in_a_mail_is_there_to_follow(folder: Path, client: Client) -> None:
    link = "http://127.0.0.1:8000/accounts/confirm-email/abc:def/"
    name = keep(folder, 1, subject="Confirm", text=f"Here:\n\n{link}\n")
    listed = text(client.get(PAGES))
    assert f'href="{PAGES}{name}/"' in listed
    assert "ada@example.com" in listed
    assert f'href="{link}"' in text(client.get(f"{PAGES}{name}/"))


def test_the_newest_mail_stands_first(folder: Path, client: Client) -> None:
    for number in range(60):
        keep(folder, number, subject=f"Mail {number:02}")
    listed = text(client.get(PAGES))
    assert listed.index("Mail 59") < listed.index("Mail 58")
    assert "Mail 09" not in listed


def test_a_mail_is_shown_as_it_looks_and_runs_nothing(folder: Path, client: Client) -> None:
    html = (
        '<html><head></head><body><script>alert(1)</script><img src="cid:code.png"></body></html>'
    )
    name = keep(folder, 1, html=html, subject="<b>Bold</b>")
    page = client.get(f"{PAGES}{name}/")
    assert f'src="{PAGES}{name}/look/"' in text(page)
    assert "<b>Bold" not in text(page)
    look = client.get(f"{PAGES}{name}/look/")
    assert "data:image/png;base64," in text(look)
    policy = look.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert look.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    "name", ["..%2Fsecret", "mail.pid", ".eml", "20261127-120000-77-000009.eml"]
)
@pytest.mark.parametrize("end", ["/", "/look/"])
def test_nothing_but_mails_is_shown(folder: Path, client: Client, name: str, end: str) -> None:
    (folder / "mail.pid").write_text("77")
    (folder.parent / "secret").write_text("secret")
    assert client.get(f"{PAGES}{name}{end}").status_code == 404


def test_an_empty_folder_says_what_to_do(folder: Path, client: Client) -> None:
    assert "Nothing yet" in text(client.get(PAGES))


def test_the_pages_are_nowhere_but_on_a_development_server(
    client: Client, settings: Settings
) -> None:
    assert not settings.DEVELOPMENT_MAIL
    with pytest.raises(Resolver404):
        resolve(PAGES)
    assert client.get(PAGES).status_code == 404
    assert mail_pages.__name__ in sys.modules  # although their code is there


@pytest.mark.parametrize(("folder_name", "warns"), [("", False), ("/somewhere", True)])
def test_production_is_warned_of_them(settings: Settings, folder_name: str, warns: bool) -> None:
    settings.DEVELOPMENT_MAIL = folder_name
    found = {message.id for message in run_checks(include_deployment_checks=True)}
    assert ("evently.W020" in found) == warns
