"""Starting and ending programs so that none of them outlives this process."""

import atexit
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from evently.dev import reaper


@dataclass(frozen=True)
class Identity:
    """Under whose name a program runs: a command put in front of it, or another user."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None


OURSELVES = Identity()


class Child:
    """One program in a session of its own, so that a Ctrl-C in the terminal is ours to judge.

    Args:
        output: file descriptor for what it prints, errors included.
        stop_signal: the signal by which it stops in good order.
        files: descriptors of ours that it has too, under the same numbers.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        output: int,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        identity: Identity = OURSELVES,
        files: Collection[int] = (),
    ) -> None:
        self._stop_signal = stop_signal
        self._process = subprocess.Popen(
            [*identity.prefix, *argv],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=files,
            user=identity.uid,
            group=identity.gid,
            extra_groups=None if identity.uid is None else [],
        )
        self.pid = self._process.pid
        lifeline.tell(f"watch {self.pid} {int(stop_signal)}")

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self._process.poll()

    @property
    def is_running(self) -> bool:
        return self.exit_code is None

    def stop(self, *, grace: float) -> None:
        """Ask it to stop, wait up to `grace` seconds, then kill what is left of its group."""
        self._process.send_signal(self._stop_signal)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group; returns when the program is gone."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        lifeline.tell(f"leave {self.pid}")


class Lifeline:
    """The pipe to this process's reaper, which is started at the first word said to it."""

    def __init__(self) -> None:
        self._reaper: subprocess.Popen[bytes] | None = None
        self._orders: list[str] = []
        self._lock = threading.Lock()

    def tell(self, order: str) -> None:
        """Say one line; a reaper that somebody killed is replaced and told everything again."""
        with self._lock:
            self._orders.append(order)
            if self._reaper is None:
                atexit.register(self._close)
            if self._reaper is None or self._reaper.poll() is not None:
                self._reaper = _start_reaper()
                order = "\n".join(self._orders)
            assert self._reaper.stdin is not None
            self._reaper.stdin.write(os.fsencode(order + "\n"))

    def _close(self) -> None:
        """Let the reaper end what is still listed, and wait for it."""
        assert self._reaper is not None
        assert self._reaper.stdin is not None
        self._reaper.stdin.close()
        self._reaper.wait()


lifeline = Lifeline()


def _start_reaper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", reaper.__file__, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        bufsize=0,
        cwd="/",
        start_new_session=True,
    )


def command_of(pid: int) -> str:
    """The command line of a living program; empty when there is none (or only a zombie)."""
    if not Path("/proc/self").exists():
        ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
        return subprocess.run(ps, capture_output=True, text=True, check=False).stdout.strip()
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_alive(pid: int) -> bool:
    """Whether a program with this id exists, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
