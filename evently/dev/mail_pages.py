"""The mails that `make run` kept, to be read in the browser: pages of the development server alone.

They show every mail to everybody who asks. So they are there only when `DEVELOPMENT_MAIL` names the
folder, which `make run` does on a loopback address, and `check --deploy` calls that unsafe.
"""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from pathlib import Path
from typing import cast

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

MAILS_SHOWN = 50
LARGEST_BYTES = 2_000_000
# As `evently.dev.mail_program` calls them: nothing else in the folder is shown.
NAME = re.compile(r"\d{8}-\d{6}-\d+-\d+\.eml", re.ASCII)
# The mail's own styles and pictures, nothing from elsewhere; its links open in the whole window.
MAIL_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    "sandbox allow-top-navigation-by-user-activation"
)


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail as the list shows it; `at` is when it came."""

    name: str
    subject: str
    to: str
    at: datetime


@require_safe
@never_cache
def mails(request: HttpRequest) -> HttpResponse:
    """The newest mails, the last one first."""
    found = sorted(
        (file for file in _folder().glob("*.eml") if NAME.fullmatch(file.name)),
        key=lambda file: (file.stat().st_mtime, file.name),
        reverse=True,
    )
    kept = [_summary(file) for file in found[:MAILS_SHOWN]]
    return render(request, "development/mails.html", {"mails": kept})


@require_safe
@never_cache
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail: its text with links to follow, and its look in a mail program."""
    file = _file(name)
    message = _read(file)
    text = message.get_body(("plain",))
    context = {
        "mail": _summary(file),
        "text": _content(text) if text else "",
        "has_look": message.get_body(("html",)) is not None,
        "files": [part.get_filename() for part in message.iter_attachments()],
    }
    return render(request, "development/mail.html", context)


@require_safe
@never_cache
@xframe_options_sameorigin
def look(request: HttpRequest, name: str) -> HttpResponse:
    """The mail's HTML, for a frame: it runs nothing and asks nobody."""
    message = _read(_file(name))
    html = message.get_body(("html",))
    if html is None:
        raise Http404
    page = _content(html).replace("<head>", '<head><base target="_top">', 1)
    for part in message.walk():
        if content_id := part.get("Content-ID"):
            page = page.replace(f"cid:{content_id.strip('<>')}", _as_data(part))
    return HttpResponse(page, headers={"Content-Security-Policy": MAIL_POLICY})


def _folder() -> Path:
    return Path(settings.DEVELOPMENT_MAIL)


def _file(name: str) -> Path:
    file = _folder() / name
    if not NAME.fullmatch(name) or not file.is_file():
        raise Http404
    return file


def _summary(file: Path) -> KeptMail:
    message = _read(file)
    return KeptMail(
        name=file.name,
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        at=datetime.fromtimestamp(file.stat().st_mtime, UTC),
    )


def _read(file: Path) -> EmailMessage:
    with file.open("rb") as content:
        return message_from_bytes(content.read(LARGEST_BYTES), policy=policy.default)


def _content(part: MIMEPart) -> str:
    return str(part.get_content())


def _as_data(part: EmailMessage) -> str:
    content = cast(bytes, part.get_payload(decode=True))
    return f"data:{part.get_content_type()};base64,{base64.b64encode(content).decode()}"


app_name = "development"
urlpatterns = [
    path("", mails, name="mails"),
    path("<str:name>/", mail, name="mail"),
    path("<str:name>/look/", look, name="look"),
]
