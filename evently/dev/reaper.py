"""A small program that outlives its parent by a few seconds and ends what the parent left behind.

The parent tells it over a pipe which programs it started. When the parent is gone, however it
went, the pipe closes: every program still listed is asked to stop, then killed with its whole
process group, and the listed folders are removed. Unlike PR_SET_PDEATHSIG this reaches
grandchildren, survives a change of user, does not care which thread started a program, and works
on every Unix.

It runs by its path in an isolated interpreter, so it imports the standard library alone.
"""

import os
import select
import shutil
import signal
import sys
import time
from contextlib import suppress

GRACE_SECONDS = 4.0


class Charge:
    """What the parent has listed so far."""

    def __init__(self) -> None:
        self.programs: dict[int, int] = {}
        self.folders: set[str] = set()

    def obey(self, order: str) -> None:
        """Follow one line: `watch PID SIGNAL`, `leave PID`, `keep FOLDER` or `forget FOLDER`."""
        verb, _, rest = order.partition(" ")
        if verb == "watch":
            pid, number = rest.split()
            self.programs[int(pid)] = int(number)
        elif verb == "leave":
            self.programs.pop(int(rest), None)
        elif verb == "keep":
            self.folders.add(rest)
        elif verb == "forget":
            self.folders.discard(rest)

    def end(self) -> None:
        """Ask politely, wait, kill, tidy up."""
        for pid, number in self.programs.items():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + GRACE_SECONDS
        while any(map(is_alive, self.programs)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in self.programs:
            # Also those whose leader is gone: a member may have stayed behind.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def follow(charge: Charge, parent: int) -> None:
    """Obey until the pipe closes or the parent is gone (a fork of it may hold the pipe open)."""
    rest = b""
    while os.getppid() == parent:
        ready, _, _ = select.select([0], [], [], 0.5)
        if not ready:
            continue
        heard = os.read(0, 65536)
        if not heard:
            return
        *orders, rest = (rest + heard).split(b"\n")
        for order in orders:
            charge.obey(os.fsdecode(order))


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    charge = Charge()
    follow(charge, parent=int(sys.argv[1]))
    charge.end()


if __name__ == "__main__":
    main()
