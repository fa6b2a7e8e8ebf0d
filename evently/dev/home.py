"""The home folder: data, logs, secrets, and the note about who runs there."""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

LOCK_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True)
class Services:
    """Where a running `make run` keeps its services."""

    database_url: str
    redis_url: str
    pid: int
    port: int


class HomeInUse(Exception):
    """Another supervisor runs in this home folder; the message says where."""


def default_home() -> Path:
    """`.evently` in the checkout."""
    return Path(__file__).resolve().parents[2] / ".evently"


def find_services(home: Path) -> Services | None:
    """The services of the supervisor that runs in `home`; None when there is none alive.

    A home that belongs to another user counts as none: its database would refuse us too.
    """
    try:
        noted = Services(**json.loads((home / "services.json").read_text()))
        alive = _is_locked(home / "lock")
    except (FileNotFoundError, PermissionError):
        return None
    return noted if alive else None


@contextmanager
def held(home: Path, *, port: int) -> Iterator[None]:
    """Hold `home` for this process; the system lets go of it whatever way the process ends.

    The lock's file tells others our process id and `port`.

    Raises:
        HomeInUse: another living supervisor holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("a+") as lock:
        _lock(lock)
        lock.truncate(0)
        lock.write(f"{os.getpid()} {port}")
        lock.flush()
        try:
            yield
        finally:
            (home / "services.json").unlink(missing_ok=True)


def note_services(home: Path, services: Services) -> None:
    """Leave a note for `find_services`; readers never see half of it."""
    draft = home / "services.json.new"
    write_private(draft, json.dumps(asdict(services)))
    draft.rename(home / "services.json")


def kept_secret(path: Path, first: str = "") -> str:
    """The secret in `path`; made there once, from `first` when that is given."""
    if not path.exists():
        write_private(path, first or secrets.token_urlsafe(32))
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _lock(lock: TextIO) -> None:
    # A reader asking `_is_locked` holds the lock for an instant: do not take it for a rival.
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise HomeInUse(_describe_rival(lock)) from None
            time.sleep(0.02)
        else:
            return


def _describe_rival(lock: TextIO) -> str:
    lock.seek(0)
    pid, port = lock.read().split()
    return (
        f"Evently is running here already: http://127.0.0.1:{port}/ (process {pid}). "
        f"Stop it with Ctrl-C in its terminal, or: kill {pid}"
    )


def _is_locked(path: Path) -> bool:
    with path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
