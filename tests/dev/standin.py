"""Runs the supervisor as `make run` does, with tiny stand-ins for web and worker.

    python tests/dev/standin.py HOME PORT [STEP…]

PostgreSQL and Redis are real. Each STEP is Python code that runs as a step before the parts.
"""

import os
import sys
from pathlib import Path

from evently.dev.console import Console
from evently.dev.home import HomeInUse
from evently.dev.plan import Part, Plan
from evently.dev.supervisor import PortTaken, Supervisor

WEB = """
import http.server, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=int(sys.argv[1]))
server.serve_forever()
"""
# With a child of its own, as Celery's pool has them; their ids stand in the worker's output.
WORKER = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("pids", os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def main() -> int:
    home, port, *steps = sys.argv[1:]
    python = (sys.executable, "-u", "-c")
    plan = Plan(
        steps=tuple(Part(f"step{i}", (*python, code)) for i, code in enumerate(steps)),
        parts=(
            Part("web", (*python, WEB), listens=True),
            Part("worker", (*python, WORKER), grace=2),
        ),
        welcome="WELCOME",
    )
    console = Console(Path(home) / "logs")
    supervisor = Supervisor(
        plan, home=Path(home), port=int(port), environ=os.environ, console=console
    )
    try:
        return supervisor.run()
    except (HomeInUse, PortTaken) as refusal:
        console.show(str(refusal))
        return 1


if __name__ == "__main__":
    sys.exit(main())
