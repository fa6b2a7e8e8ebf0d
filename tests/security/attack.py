"""What the tests of attacks share: bystanders who use the site meanwhile, and raw sockets.

    def test_half_bodies(evently: LiveEvently, bystanders: Bystanders) -> None:
        with bystanders, raw_sockets(evently.port, 8, HALF_A_BODY):
            bystanders.are_served()

Afterwards the server's memory and its connections must be what they were before.
"""

import os
import socket
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

import psutil

from tests.live_server import Answer, LiveEvently, Sale, Web, eventually

# The promise is one second on a machine that does nothing else, as under `make attack`. In a test
# suite, on a busy machine, this is still shorter than every deadline by which an attack would end
# by itself (10 s).
LONGEST_ANSWER_SECONDS = 1.0 if os.environ.get("NOTHING_ELSE_RUNS") else 5.0
# What the interpreter keeps for itself after a rush, beside what it had before.
MEMORY_SLACK_BYTES = 48 * 2**20
# The first visitors of a process pay for what it loads late.
WARM_UP_SECONDS = 30.0
IN_USE = {psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT}
# A page that the edge cache answers, and one that needs a thread of Django.
KEPT_PAGE, DJANGO_PAGE = "/", "/accounts/login/"


class Bystanders:
    """People who book and look at pages while others attack.

    Used as a context manager around an attack. Entering serves each of them once, so that the
    process is warm. Leaving serves them again and waits until memory and connections are back.

    Attributes:
        slowest: the longest answer of each kind in seconds, while the attack went on.
    """

    def __init__(self, live: LiveEvently, sale: Sale, web: Web) -> None:
        self.slowest: defaultdict[str, float] = defaultdict(float)
        self._live = live
        self._sale = sale
        self._web = web
        self._buyers = iter(sale.tokens)
        self._memory = self._connections = 0

    def __enter__(self) -> Self:
        self._serve_each(WARM_UP_SECONDS)
        self.slowest.clear()
        eventually(lambda: self._count_connections() == 0, "nobody is connected before the attack")
        self._memory = self._count_memory()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error:
            return
        self._serve_each(LONGEST_ANSWER_SECONDS)
        eventually(lambda: self._count_connections() == 0, "the connections are closed")
        eventually(
            lambda: self._count_memory() < self._memory + MEMORY_SLACK_BYTES,
            "the memory is given back",
        )

    def are_served(self, times: int = 3) -> None:
        """Assert that a booking and two pages are answered in time, so many times."""
        for _ in range(times):
            self._serve_each(LONGEST_ANSWER_SECONDS)

    def _serve_each(self, patience: float) -> None:
        booking = self._measure("booking", lambda: self._book(patience))
        assert booking.code == "booked", booking
        for path in (KEPT_PAGE, DJANGO_PAGE):
            page = self._measure(path, lambda path=path: self._look_at(path, patience))  # type: ignore[misc]
            assert page.status == 200, page

    def _book(self, patience: float) -> Answer:
        return self._live.book(self._sale, next(self._buyers), patience, self._web.port)

    def _look_at(self, path: str, patience: float) -> Answer:
        return self._live.ask(path, patience=patience, port=self._web.port)

    def _measure(self, what: str, ask: Callable[[], Answer]) -> Answer:
        answer = ask()
        self.slowest[what] = max(self.slowest[what], answer.seconds)
        return answer

    def _server(self) -> list[psutil.Process]:
        """The processes of the server that listens on the port."""
        main = psutil.Process(self._web.pid)
        return [main, *main.children(recursive=True)]

    def _count_memory(self) -> int:
        return sum(process.memory_info().rss for process in self._server())

    def _count_connections(self) -> int:
        """Connections of clients; those to PostgreSQL and Redis are not counted."""
        return sum(
            connection.status in IN_USE and connection.laddr.port == self._web.port
            for process in self._server()
            for connection in process.net_connections("tcp")
        )


@contextmanager
def raw_sockets(
    port: int, number: int, sent: bytes = b"", *, source: str = "127.0.0.1"
) -> Iterator[list[socket.socket]]:
    """So many connections that have sent this and nothing more; closed in the end.

    Args:
        source: the address they come from; on Linux all of 127.0.0.0/8 is this machine.
    """
    with ExitStack() as stack:
        opened = []
        for _ in range(number):
            connection = socket.create_connection(
                ("127.0.0.1", port), timeout=30, source_address=(source, 0)
            )
            opened.append(stack.enter_context(connection))
            connection.sendall(sent)
        yield opened


def read_all(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received
