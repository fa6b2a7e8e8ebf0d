"""The web server with a small application instead of Evently, and with bounds of a test's own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from evently.server import Server, configure
from evently.server.connections import Connections, Limits
from tests.live_server import eventually
from tests.server.echo import app

# Deadlines that tests need not wait for; each test lengthens those it does not mean.
SHORT = Limits(
    head_seconds=0.5,
    body_seconds=1.0,
    body_pace_after=0.5,
    idle_seconds=0.5,
    trusted_idle_seconds=0.5,
    write_seconds=1.0,
    linger_seconds=0.5,
    sweep_seconds=0.1,
)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Bare:
    """A running server.

    Attributes:
        connections: those that it has now.
    """

    def __init__(self, port: int, connections: Connections) -> None:
        self.port = port
        self.connections = connections

    def connect(self, sent: bytes = b"") -> socket.socket:
        """A connection that has sent this."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.sendall(sent)
        return connection

    def ask(self, sent: bytes) -> bytes:
        """All that comes back for these bytes until nobody sends more."""
        with self.connect(sent) as connection:
            return read_to_end(connection)

    @property
    def is_empty(self) -> bool:
        return len(self.connections) == 0


@contextmanager
def bare_server(limits: Limits = SHORT) -> Iterator[Bare]:
    """Serve from a thread of this process."""
    connections = Connections(limits)
    server = Server(configure(app, connections), connections)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        port = int(listener.getsockname()[1])
        thread = threading.Thread(target=lambda: server.run([listener]), name="bare server")
        thread.start()
        try:
            eventually(lambda: server.started, "the server serves")
            yield Bare(port, connections)
        finally:
            server.should_exit = True
            thread.join()


def read_to_end(connection: socket.socket) -> bytes:
    """What the server sends until it closes the connection, in whatever way."""
    received = b""
    try:
        while part := connection.recv(65_536):
            received += part
    except ConnectionError:
        pass
    return received


def status_of(answer: bytes) -> int:
    """Of the first answer; 0 for none."""
    return int(answer.split(b" ", 2)[1]) if answer else 0
