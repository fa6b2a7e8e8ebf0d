"""How mails are put together: as an SMTP server gets them, and as SendGrid does."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from icalendar import Calendar

from notifications.delivery import deliver_batch, message, posting
from notifications.models import Delivery, Kind
from notifications.rendering import write
from notifications.samples import sample_letter
from notifications.wording import MAILED
from tests.makers import make_user
from tests.notifications.mailroom import FakeSendGrid, MoodySmtp
from tests.notifications.people import due_delivery

pytestmark = pytest.mark.django_db(transaction=True)

TEXT, HTML, PICTURE, FILE = "text/plain", "text/html", "image/png", "text/calendar"
WITH_PICTURE = ("multipart/alternative", TEXT, ("multipart/related", HTML, PICTURE))
PLAIN = ("multipart/alternative", TEXT, HTML)
STRUCTURES = {
    Kind.BOOKING_CONFIRMED: ("multipart/mixed", WITH_PICTURE, FILE),
    Kind.BOOKING_CANCELLED: ("multipart/mixed", PLAIN, FILE),
    Kind.EVENT_MOVED: ("multipart/mixed", PLAIN, FILE),
    Kind.EVENT_REMINDER: WITH_PICTURE,
}


@pytest.fixture(params=MAILED)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kind:
    """The one mail that is due is of this kind."""
    kind = Kind(request.param)
    monkeypatch.setattr(message, "render", lambda _: write(sample_letter(kind, "de")))
    due_delivery(make_user(email="ada@example.com"))
    return kind


def structure(part: Message) -> Any:
    if not part.is_multipart():
        return part.get_content_type()
    inner: Any = part.get_payload()
    return (part.get_content_type(), *map(structure, inner))


def parts_of(mail: Message, kind: str) -> list[Message]:
    return [part for part in mail.walk() if part.get_content_type() == kind]


def test_pictures_belong_to_the_html_and_files_stand_outside(smtp: MoodySmtp, kind: Kind) -> None:
    deliver_batch(now=datetime.now(UTC))
    [mail] = smtp.taken
    assert structure(mail) == STRUCTURES.get(kind, PLAIN)
    assert mail["Auto-Submitted"] == "auto-generated"
    [html] = parts_of(mail, HTML)
    for picture in parts_of(mail, PICTURE):
        name = str(picture["Content-ID"]).strip("<>")
        assert f"cid:{name}" in bytes(html.get_payload(decode=True)).decode()
        assert picture.get_content_disposition() == "inline"
    for related in parts_of(mail, "multipart/related"):
        assert related.get_param("type") == HTML
    for file in parts_of(mail, FILE):
        assert file.get_content_disposition() == "attachment"
        assert file.get_content_charset() == "utf-8"
        content = bytes(file.get_payload(decode=True))
        assert Calendar.from_ical(content)["METHOD"] == file.get_param("method")
        assert all(len(line) <= 75 for line in content.split(b"\r\n"))


def test_sendgrid_gets_the_same_parts(sendgrid: FakeSendGrid, kind: Kind) -> None:
    deliver_batch(now=datetime.now(UTC))
    [mail] = sendgrid.accepted
    assert [part["type"] for part in mail["content"]] == [TEXT, HTML]
    assert mail["headers"]["Auto-Submitted"] == "auto-generated"
    wanted = str(STRUCTURES.get(kind, PLAIN))
    files = mail.get("attachments", [])
    pictures = [file for file in files if file["type"] == PICTURE]
    calendars = [file for file in files if file["type"].startswith(FILE)]
    assert (len(pictures), len(calendars)) == (wanted.count(PICTURE), wanted.count(FILE))
    assert len(files) == len(pictures) + len(calendars)
    for picture in pictures:
        assert picture["disposition"] == "inline"
        assert f"cid:{picture['content_id']}" in mail["content"][1]["value"]
    for calendar in calendars:
        assert calendar.get("disposition", "attachment") == "attachment"
        assert calendar["filename"].endswith(".ics")


def test_a_mail_survives_a_mail_server_that_reads_it_bit_by_bit(smtp: MoodySmtp) -> None:
    """Lines are no longer than servers take (RFC 5322 §2.1.1), whatever a name is like."""
    delivery = due_delivery(make_user("Ä" * 150))
    raw = message.message_of(delivery).message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert structure(message_from_bytes(raw)) == PLAIN


def test_a_long_subject_is_folded_and_arrives_whole(
    smtp: MoodySmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    due_delivery()
    subject = "Jazz " * 40 + "Größe " * 20
    real = message.message_of

    def renamed(delivery: Delivery) -> EmailMultiAlternatives:
        found = real(delivery)
        found.subject = subject
        return found

    monkeypatch.setattr(posting, "message_of", renamed)
    deliver_batch(now=datetime.now(UTC))
    [mail] = smtp.taken
    assert " ".join(str(make_header(decode_header(mail["Subject"]))).split()) == subject.strip()
