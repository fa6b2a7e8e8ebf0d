"""The mail of a notice as providers take it."""

from email.message import Message
from email.mime.image import MIMEImage
from email.mime.text import MIMEText
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, SafeMIMEMultipart

from evently.addresses import mail_address, mailbox
from evently.mail import AUTOMATIC
from notifications.models import Delivery
from notifications.rendering import Attachment, Mail, render

DELIVERY_ID = "delivery_id"


class NoticeMessage(EmailMultiAlternatives):
    """A message whose pictures belong to its HTML, and whose files stand beside both.

    As SMTP servers get it (RFC 2046, RFC 2387)::

        multipart/mixed                 when there are files
            multipart/alternative
                text/plain
                multipart/related       when there are pictures
                    text/html
                    image/png           with a Content-ID
            text/calendar, …

    Django puts pictures among the files. SendGrid gets them marked as inline and builds the same.
    """

    def message(self) -> Any:  # type: ignore[override]
        whole = super().message()
        pictures = [part for part in whole.walk() if part["Content-ID"]]
        if not pictures:
            return whole
        alternative, *others = _parts(whole)
        files = [part for part in others if part not in pictures]
        text, html = _parts(alternative)
        related = SafeMIMEMultipart("related", type="text/html")
        related.set_payload([html, *pictures])
        if files:
            alternative.set_payload([text, related])
            whole.set_payload([alternative, *files])
        else:
            whole.set_type("multipart/alternative")
            whole.set_payload([text, related])
        return whole


def message_of(delivery: Delivery) -> EmailMultiAlternatives:
    """The message, with an id that is the same however often it is made.

    A receiver who got it twice in spite of everything can tell by that id.

    Raises:
        ValidationError: no mail can be sent to the person's address.
    """
    mail = render(delivery.notice)
    message = NoticeMessage(
        subject=mail.subject,
        body=mail.text,
        from_email=mailbox(settings.DEFAULT_FROM_EMAIL),
        to=[mail_address(delivery.notice.user.email)],
        headers={**AUTOMATIC, **mail.headers, "Message-ID": message_id_of(delivery)},
    )
    message.attach_alternative(mail.html, "text/html")
    _attach_files(message, mail)
    # Comes back with SendGrid's events.
    message.metadata = {DELIVERY_ID: str(delivery.pk)}  # type: ignore[attr-defined]
    return message


def message_id_of(delivery: Delivery) -> str:
    domain = sender_address().rpartition("@")[2]
    return f"<{delivery.pk.hex}@{domain}>"


def sender_address() -> str:
    return parseaddr(mailbox(settings.DEFAULT_FROM_EMAIL))[1]


def _attach_files(message: EmailMultiAlternatives, mail: Mail) -> None:
    for attachment in mail.attachments:
        is_picture = attachment.media_type.startswith("image/")
        message.attach(_picture(attachment) if is_picture else _file(attachment))


def _picture(attachment: Attachment) -> MIMEImage:
    """One that the HTML shows: it goes by its name there."""
    picture = MIMEImage(attachment.content)
    picture.add_header("Content-ID", f"<{attachment.name}>")
    picture.add_header("Content-Disposition", "inline", filename=attachment.name)
    return picture


def _file(attachment: Attachment) -> MIMEText:
    """A text such as a calendar file, which says what it asks for (RFC 6047 §2.4)."""
    file = MIMEText(attachment.content.decode(), attachment.media_type.partition("/")[2], "utf-8")
    if attachment.method:
        file.set_param("method", attachment.method)
    file.add_header("Content-Disposition", "attachment", filename=attachment.name)
    return file


def _parts(message: Message) -> list[Message]:
    parts: Any = message.get_payload()
    return list(parts)
