"""The web server: a parent that listens, and processes that serve, each the whole of Evently."""

import os
import resource
import shutil
import socket
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvicorn

from evently.figures import SHARED_FOLDER
from evently.server.connections import Connections, Limits
from evently.server.processes import Pulse, WebProcesses
from evently.server.protocols import BoundedHttp, BoundedWebsocket

DRAIN_SECONDS = 10
# Clients only listen; what they may say is an access token.
LARGEST_MESSAGE_BYTES = 65_536
BACKLOG = 8_192
# The system itself gives up a client that takes nothing for so long, also after we closed.
SILENCE_MILLISECONDS = 30_000
OUR_FOLDER = "evently-figures-"


def serve(
    application: str,
    *,
    host: str,
    port: int,
    workers: int = 1,
    fd: int | None = None,
    limits: Limits | None = None,
) -> None:
    """Serve an ASGI application until SIGTERM or Ctrl-C; what is under way then is answered.

    Args:
        application: module and name, such as "evently.asgi:application".
        workers: processes; one that dies is replaced.
        fd: a listening socket that this program was given; `host` and `port` are not used then.

    Raises:
        OSError: the address cannot be listened on.
    """
    _share_figures(workers)
    _allow_many_sockets()
    listener = _listen(host, port) if fd is None else socket.socket(fileno=fd)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_MILLISECONDS)
    connections = Connections(limits or Limits())
    config = configure(application, connections)
    config.load()
    processes = WebProcesses(
        listener,
        lambda pulse: Server(config, connections, pulse).run([listener]),
        number=workers,
        drain_seconds=DRAIN_SECONDS,
    )
    try:
        processes.run()
    finally:
        _forget_figures()


def configure(application: Any, connections: Connections) -> uvicorn.Config:
    """How uvicorn is set up."""
    return uvicorn.Config(
        application,
        loop="uvloop",
        http=cast("type[BoundedHttp]", partial(BoundedHttp, connections=connections)),
        ws=cast("type[BoundedWebsocket]", partial(BoundedWebsocket, connections=connections)),
        access_log=False,
        # Its own lines name who opened a websocket, and what they asked for.
        log_level="warning",
        log_config=None,
        # Whom to believe about the client's address is for `evently.gateway.clients` to say.
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        ws_max_size=LARGEST_MESSAGE_BYTES,
        # Live news is short: compressing it would cost each socket some 100 kB.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


class Server(uvicorn.Server):
    """One server process."""

    def __init__(
        self, config: uvicorn.Config, connections: Connections, pulse: Pulse | None = None
    ) -> None:
        super().__init__(config)
        self._connections = connections
        self._pulse = pulse

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        now = self.servers[0].get_loop().time()
        self._connections.sweep(now)
        if self._pulse is not None:
            self._pulse.beat()
            if self._pulse.is_orphan:
                self.should_exit = True
        return await super().on_tick(counter)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def _allow_many_sockets() -> None:
    """Each visitor who looks on holds an open file: as many as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _share_figures(workers: int) -> None:
    """Several processes count in one folder. The library that counts must know it before it is
    loaded: start this program again, once.
    """
    if workers > 1 and SHARED_FOLDER not in os.environ:
        os.environ[SHARED_FOLDER] = tempfile.mkdtemp(prefix=OUR_FOLDER)
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - the command that we are


def _forget_figures() -> None:
    folder = os.environ.get(SHARED_FOLDER, "")
    if Path(folder).name.startswith(OUR_FOLDER):
        shutil.rmtree(folder, ignore_errors=True)
