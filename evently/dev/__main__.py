"""`python -m evently.dev run` and `python -m evently.dev exec -- COMMAND…`."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from evently.dev.console import Console
from evently.dev.home import HomeInUse, HomeUnusable, default_home, kept_secret, usable
from evently.dev.plan import evently_plan
from evently.dev.servers import ServerFailed
from evently.dev.supervisor import PortTaken, Supervisor
from evently.dev.throwaway import ThrowAway
from evently.dev.wheels import WheelMissing


def main() -> int:
    arguments = _parser().parse_args()
    try:
        return run() if arguments.verb == "run" else execute(arguments.command)
    except (HomeInUse, HomeUnusable, PortTaken, ServerFailed, WheelMissing) as refusal:
        print(refusal, file=sys.stderr)
        return 1


def run() -> int:
    """Run the whole of Evently until Ctrl-C."""
    home = Path(os.environ.get("EVENTLY_HOME") or default_home()).resolve()
    port = _port(os.environ.get("PORT") or "8000")
    with usable(home):
        given = os.environ.get("EVENTLY_ADMIN_PASSWORD", "")
        password = kept_secret(home / "admin-password", first=given)
        supervisor = Supervisor(
            evently_plan(home=home, port=port, admin_password=password),
            home=home,
            port=port,
            environ=os.environ,
            console=Console(home / "logs"),
        )
        return supervisor.run()


def execute(command: list[str]) -> int:
    """Run `command` with throw-away servers; returns its exit code."""
    with ThrowAway(os.environ) as servers:
        environ = {**os.environ, **servers.environment}
        with subprocess.Popen(command, env=environ) as process:
            # A Ctrl-C reaches the command too; whoever stops us alone means the command.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, lambda number, _frame: process.send_signal(number))
            code = process.wait()
    return code if code >= 0 else 128 - code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evently.dev", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("run", help="run everything until Ctrl-C")
    exec_ = verbs.add_parser("exec", help="run a command with throw-away servers")
    exec_.add_argument("command", nargs="+", metavar="COMMAND")
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65_536:
        sys.exit(f"PORT is {text!r}: it must be a number from 1 to 65535.")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
