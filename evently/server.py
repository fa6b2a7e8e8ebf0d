"""The web server: one process or several, each the whole of Evently."""

import os
import resource
import signal
import sys
import tempfile
from contextlib import ExitStack

import uvicorn

from evently.figures import SHARED_FOLDER

DRAIN_SECONDS = 10
# Clients only listen; what they may say is an access token.
LARGEST_MESSAGE_BYTES = 65_536
BACKLOG = 8_192
# Longer than balancers keep an idle connection: who hangs up while the other asks cuts a request.
IDLE_SECONDS = 75


def serve(application: str, *, host: str, port: int, workers: int = 1) -> None:
    """Serve an ASGI application until SIGTERM or Ctrl-C; what is under way then is answered.

    Args:
        application: module and name, such as "evently.asgi:application".
        workers: processes; one that dies is replaced.
    """
    _allow_many_sockets()
    # The server, once drained, raises the signal again that stopped it: leave in good order then.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as stack:
        if workers > 1:
            folder = tempfile.TemporaryDirectory(prefix="evently-figures-")
            os.environ[SHARED_FOLDER] = stack.enter_context(folder)
        _run(application, host, port, workers)


def _allow_many_sockets() -> None:
    """Each visitor who looks on holds an open file: as many as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _run(application: str, host: str, port: int, workers: int) -> None:
    uvicorn.run(
        application,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http="httptools",
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
        timeout_keep_alive=IDLE_SECONDS,
    )
