"""A mail server for one machine: whatever it receives becomes a file, and nothing leaves."""

import signal
import socket
import sys
from contextlib import suppress

from evently.dev import mail_program
from evently.dev.redis import free_port
from evently.dev.servers import Server, clear_pid_file


class MailServer(Server):
    """SMTP (aiosmtpd) on a free loopback port; each mail is one `.eml` file in the folder."""

    name = "mail"
    stop_signal = signal.SIGTERM
    _port = 0

    @property
    def url(self) -> str:
        """`smtp://127.0.0.1:port`."""
        return f"smtp://127.0.0.1:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes a program send its mail there, and show it in the browser."""
        return {
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(self._port),
            "DEVELOPMENT_MAIL": str(self.folder),
        }

    def _prepare(self) -> list[str]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        clear_pid_file(self.folder / mail_program.PID_FILE, self.folder)
        self._port = self._port or free_port()  # once known to others it stays
        return [sys.executable, mail_program.__file__, str(self._port), str(self.folder)]

    def _is_ready(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1) as line:
            return line.recv(4) == b"220 "
        return False
