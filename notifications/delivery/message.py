"""The mail of a notice as providers take it."""

from email.mime.image import MIMEImage
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from notifications.models import Delivery
from notifications.rendering import Mail, render

DELIVERY_ID = "delivery_id"


def message_of(delivery: Delivery) -> EmailMultiAlternatives:
    """The message, with an id that is the same however often it is made.

    A receiver who got it twice in spite of everything can tell by that id.
    """
    mail = render(delivery.notice)
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[delivery.notice.user.email],
        headers={**mail.headers, "Message-ID": message_id_of(delivery)},
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
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def _attach_files(message: EmailMultiAlternatives, mail: Mail) -> None:
    for name, content, media_type in mail.attachments:
        if media_type.startswith("image/"):
            message.attach(_picture(name, content))
        else:
            message.attach(name, content, media_type)


def _picture(name: str, content: bytes) -> MIMEImage:
    """One that the HTML shows: it goes by its name there."""
    picture = MIMEImage(content)
    picture.add_header("Content-ID", f"<{name}>")
    picture.add_header("Content-Disposition", "inline", filename=name)
    return picture
