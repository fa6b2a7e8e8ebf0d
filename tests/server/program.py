"""The small application in server processes, as a program.

python -m tests.server.program PORT WORKERS HANG_SECONDS [APPLICATION]
"""

import logging
import socket
import sys

from evently.server import Server, configure
from evently.server.connections import Connections, Limits
from evently.server.processes import WebProcesses

if __name__ == "__main__":
    logging.basicConfig(format="%(message)s")
    port, workers, hang_seconds, application = sys.argv[1:5]
    connections = Connections(Limits())
    config = configure(application, connections)
    config.load()
    with socket.create_server(("127.0.0.1", int(port)), backlog=512) as listener:
        WebProcesses(
            listener,
            lambda pulse: Server(config, connections, pulse).run([listener]),
            number=int(workers),
            drain_seconds=10,
            hang_seconds=float(hang_seconds),
        ).run()
