"""Mail by SMTP (RFC 5321), handed over with the very last line.

Until the line with the single dot the server has nothing: whatever happens before, the mail can be
sent again. So a delivery is committed as handed over together with that line.
"""

import re
import socket
from datetime import datetime
from smtplib import SMTP, SMTPException

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from notifications.delivery.answers import NotTaken, Receipt, Rejected, Unanswered
from notifications.delivery.claims import hand_over
from notifications.delivery.message import message_id_of, sender_address
from notifications.models import Delivery

ANSWER_SECONDS = 60.0  # of a server that looks through the whole mail before it takes it
LAST_LINE = b".\r\n"
Reply = tuple[int, bytes]


class SmtpProvider:
    """One connection to the server of the `EMAIL_` settings, opened when it is needed."""

    name = "smtp"

    def __init__(self) -> None:
        self._backend = EmailBackend()

    def close(self) -> None:
        self._backend.close()

    def send(self, delivery: Delivery, message: EmailMessage, *, now: datetime) -> Receipt:
        """Hand one message over.

        Raises:
            NotTaken, Rejected, Unanswered: see there.
            ClaimLost: see `hand_over`.
        """
        lines = _lines_of(message)
        smtp = self._line()
        try:
            _dictate(smtp, message, lines)
            hand_over(delivery, provider=self.name, now=now, last_step=lambda: _finish(smtp))
            _judge(_last_reply(smtp), wanted=250)
        except BaseException:
            self._hang_up(smtp)
            raise
        return Receipt(message_id_of(delivery))

    def _line(self) -> SMTP:
        try:
            is_new = self._backend.open()
            smtp = self._backend.connection
            assert smtp
            if is_new:
                _greet(smtp)
        except (OSError, SMTPException, ValueError) as error:  # also what no server can be told
            self._backend.connection = None
            raise NotTaken(f"No connection: {error}", is_out=True) from error
        return smtp

    def _hang_up(self, smtp: SMTP) -> None:
        """Without a word: QUIT might become a line of the mail."""
        smtp.close()
        self._backend.connection = None


def _greet(smtp: SMTP) -> None:
    # Otherwise the last line would wait until the server has confirmed the packets before it.
    assert smtp.sock
    smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    smtp.ehlo_or_helo_if_needed()


def _dictate(smtp: SMTP, message: EmailMessage, lines: bytes) -> None:
    """Everything but the last line."""
    [recipient] = message.to
    try:
        _judge(smtp.mail(sender_address()), wanted=250, is_about_us=True)
        _judge(smtp.rcpt(recipient), wanted=250)
        smtp.putcmd("data")
        _judge(smtp.getreply(), wanted=354, is_about_us=True)
        smtp.send(lines)
    except (OSError, SMTPException) as error:
        raise NotTaken(f"The connection broke: {error}", is_out=True) from error


def _lines_of(message: EmailMessage) -> bytes:
    """As it stands between DATA and the last line: no line is taken for that one."""
    lines = message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
    return re.sub(rb"(?m)^\.", b"..", lines).removesuffix(b"\r\n") + b"\r\n"


def _finish(smtp: SMTP) -> None:
    try:
        smtp.send(LAST_LINE)
    except (OSError, SMTPException) as error:
        raise NotTaken(f"The connection broke: {error}", is_out=True) from error


def _last_reply(smtp: SMTP) -> Reply:
    try:
        assert smtp.sock
        smtp.sock.settimeout(ANSWER_SECONDS)
        return smtp.getreply()
    except (OSError, SMTPException) as error:
        raise Unanswered(f"No answer after the last line: {error}") from error


def _judge(reply: Reply, *, wanted: int, is_about_us: bool = False) -> None:
    """
    Raises:
        Rejected: for good (5xx), and because of this mail.
        NotTaken: not now, or because of who we are.
    """
    code, words = reply
    if code == wanted:
        return
    detail = f"{code} {words.decode(errors='replace')}"
    if code >= 500 and not is_about_us:
        raise Rejected(detail)
    raise NotTaken(detail, is_out=is_about_us or code == 421)
