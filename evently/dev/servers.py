"""What the embedded PostgreSQL and Redis have in common: start, wait, stop, recover."""

import os
import signal
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from evently.dev.process import OURSELVES, Child, Identity, command_of, is_alive
from evently.restarts import describe_exit

RETRY_SECONDS = 10.0  # a server killed a moment ago leaves locks that vanish within about two
READY_SECONDS = 60.0  # replaying a long log after a crash
STOP_GRACE_SECONDS = 15.0


class ServerFailed(Exception):
    """A server did not start; the message says which one and where its log is."""


class Server(ABC):
    """A server program from a wheel, with a data folder that belongs to this object alone.

    Args:
        folder: everything the server keeps; made when missing.
        durable: False trades safety in a power cut for speed; for throw-away data only.
        log: file that takes its output when `output` is not given, named in messages.
        output: file descriptor for its output.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = True,
        log: Path | None = None,
        output: int | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.durable = durable
        self.log = log or self.folder.with_suffix(".log")
        self.identity: Identity = OURSELVES
        self._output = output
        self._child: Child | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it; valid after the first start and the same after every restart."""

    @abstractmethod
    def _prepare(self) -> list[str]:
        """Make ready what a start needs; returns the command line."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether it serves clients by now."""

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.is_running

    @property
    def pid(self) -> int:
        """The server's process id; raises RuntimeError before the first start."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was not started.")
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        return self._child.exit_code if self._child else None

    def start(self) -> None:
        """Start it and return when it serves clients.

        Raises:
            ServerFailed: it ended again and again, or did not become ready in time.
        """
        deadline = time.monotonic() + RETRY_SECONDS
        while not self._try_to_start():
            if time.monotonic() > deadline:
                how = describe_exit(self.exit_code)
                raise ServerFailed(f"{self.name} did not start ({how}). Its log: {self.log}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop it in good order; killed when that takes too long."""
        if self._child is not None:
            self._child.stop(grace=STOP_GRACE_SECONDS)

    def kill(self) -> None:
        """SIGKILL, as a crash would do it."""
        if self._child is not None:
            self._child.kill()

    def _try_to_start(self) -> bool:
        self._child = self._spawn(self._prepare())
        deadline = time.monotonic() + READY_SECONDS
        while self._child.is_running:
            if self._is_ready():
                return True
            if time.monotonic() > deadline:
                self._child.kill()
                raise ServerFailed(f"{self.name} runs but serves nobody. Its log: {self.log}")
            time.sleep(0.02)
        self._child.kill()
        return False

    def _spawn(self, argv: list[str]) -> Child:
        output = self._output
        if output is None:
            output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return Child(
                argv,
                env=clean_environment(self.folder),
                output=output,
                cwd=Path("/"),
                stop_signal=self.stop_signal,
                identity=self.identity,
            )
        finally:
            if self._output is None:
                os.close(output)


def clean_environment(home: Path) -> dict[str, str]:
    """What a server may see: no PG* variable nor locale of the caller changes what it does."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(home)}


def clear_pid_file(pid_file: Path, folder: Path) -> None:
    """Make way for a new server on `folder` when an earlier one left its pid file.

    A server that still lives there lost its supervisor: it is ended. An id that another program
    has by now would look like a living server for ever: the file is removed.
    """
    pid = _read_pid(pid_file)
    if pid is None or not is_alive(pid):
        return
    if str(folder) in command_of(pid):
        _end_stranger(pid)
    else:
        pid_file.unlink(missing_ok=True)


def private_short_folder(folder: Path) -> Path:
    """A folder near the root that stands for `folder`, for sockets, whose paths must be short.

    Raises:
        ServerFailed: somebody else owns the folder of that name.
    """
    roots = (root for root in (tempfile.gettempdir(), "/tmp") if len(root) < 60)  # noqa: S108
    short = Path(next(roots, "/tmp")) / f"evently-{fingerprint(folder)}"  # noqa: S108
    with suppress(FileExistsError):
        short.mkdir(mode=0o700)
    if short.is_symlink() or not short.is_dir() or not os.access(short, os.W_OK | os.X_OK):
        raise ServerFailed(f"{short} is in the way and not ours: remove it, or set TMPDIR.")
    return short


def fingerprint(folder: Path) -> str:
    """Twelve characters that stand for this user and folder."""
    return sha256(f"{os.geteuid()}:{folder}".encode()).hexdigest()[:12]


def _read_pid(pid_file: Path) -> int | None:
    try:
        first, *_ = pid_file.read_text().splitlines() or [""]
    except FileNotFoundError:
        return None
    return int(first) if first.isdigit() else None


def _end_stranger(pid: int) -> None:
    """End a program that is not our child: ask it, then kill it."""
    for number, patience in ((signal.SIGINT, 5.0), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience
        while command_of(pid):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
