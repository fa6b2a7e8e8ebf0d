"""Mail servers for tests: one that misbehaves, and a stand-in for SendGrid."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from evently.dev.redis import free_port

KEY = "SG.test-key"


def mails_in(folder: Path) -> list[Message]:
    """What the mail server of `make run` has kept, oldest first."""
    return [message_from_bytes(path.read_bytes()) for path in sorted(folder.glob("*.eml"))]


def arrivals(folder: Path) -> Counter[str]:
    """How often each message id arrived."""
    return Counter(str(mail["Message-ID"]) for mail in mails_in(folder))


class MoodySmtp:
    """Answers as a test wants it; `taken` has what it took, `recipients` for whom.

    Args:
        answers: by command (RCPT, DATA): what is said instead of yes. An answer of None breaks the
            connection off: after DATA, the mail has been taken.
    """

    def __init__(self) -> None:
        self.answers: dict[str, str | None] = {}
        self.taken: list[Message] = []
        self.recipients: list[str] = []

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.answers.get("RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = self.answers.get("DATA", "250 OK")
        if answer is None or answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.taken.append(message_from_bytes(envelope.content))
            self.recipients.extend(envelope.rcpt_tos)
        if answer is None:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer or "250 OK"


@contextmanager
def moody_smtp() -> Iterator[tuple[MoodySmtp, int]]:
    """The server and its port."""
    moody = MoodySmtp()
    controller = Controller(moody, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield moody, controller.port
    finally:
        controller.stop()


class FakeSendGrid(ThreadingHTTPServer):
    """Speaks `POST /v3/mail/send` as SendGrid documents it, in a mood that a test sets.

    `accepted` has the bodies of the mails that it took. Moods: "works"; "500": takes nothing;
    "lost": takes it and says nothing; "deaf": takes nothing and says nothing.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.mood: Callable[[], str] = lambda: "works"
        self.accepted: list[dict[str, Any]] = []
        self.asked = 0
        self.lock = threading.Lock()
        self.end = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v3/"

    def accepted_ids(self) -> list[str]:
        """The delivery ids of what was taken."""
        return [mail["custom_args"]["delivery_id"] for mail in self.accepted]


class _Answers(BaseHTTPRequestHandler):
    server: FakeSendGrid
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked += 1
            mood = self.server.mood()
            status = self._judge(body) if mood in ("works", "lost") else 500
            if status == 202:
                self.server.accepted.append(body)
        if mood in ("lost", "deaf"):
            self.server.end.wait(20)
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("X-Message-Id", "sg-1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _judge(self, body: dict[str, Any]) -> int:
        if self.path != "/v3/mail/send":
            return 404
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return 401
        whole = all(body.get(name) for name in ("personalizations", "from", "subject", "content"))
        kinds = [part["type"] for part in body.get("content", ())]
        return 202 if whole and kinds == ["text/plain", "text/html"] else 400

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing."""


@contextmanager
def fake_sendgrid() -> Iterator[FakeSendGrid]:
    server = FakeSendGrid()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.end.set()
        server.shutdown()
        thread.join()
        server.server_close()
