"""The home folder: data, logs, secrets, and the note about who runs there."""

import errno
import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

LOCK_PATIENCE_SECONDS = 1.0
# A new database takes about 50 MB, and one that runs must not stop for want of room.
LEAST_FREE_BYTES = 64 * 2**20
ADVICE = "Choose another folder: EVENTLY_HOME=/some/folder make run"
TROUBLES = {
    errno.ENOSPC: "its disk is full",
    errno.EDQUOT: "the quota of its disk is used up",
    errno.EROFS: "it cannot be written",
    errno.EACCES: "it may not be written",
    errno.EPERM: "it may not be written",
    errno.ENOTDIR: "it lies in a file, where a folder is needed",
    errno.EEXIST: "it is a file, where a folder is needed",
}


@dataclass(frozen=True)
class Services:
    """Where a running `make run` keeps its services."""

    database_url: str
    redis_url: str
    pid: int
    port: int


class HomeInUse(Exception):
    """Another supervisor runs in this home folder; the message says where."""


class HomeUnusable(Exception):
    """Nothing can be kept in the home folder; the message says why, and what to do."""


@contextmanager
def usable(home: Path) -> Iterator[None]:
    """Make the home, and run with it.

    Raises:
        HomeUnusable: it cannot be made or written, now or later, or has too little room.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        if free := describe_shortage(home):
            raise HomeUnusable(f"Evently cannot keep its data in {home}: {free}. {ADVICE}")
        yield
    except OSError as error:
        trouble = TROUBLES.get(error.errno or 0)
        if trouble is None:
            raise
        message = f"Evently cannot keep its data in {home}: {trouble} ({error}). {ADVICE}"
        raise HomeUnusable(message) from error


def describe_shortage(home: Path) -> str:
    """In words, how little room is left on the disk of the home; empty when there is enough."""
    free = shutil.disk_usage(home).free
    if free >= LEAST_FREE_BYTES:
        return ""
    least = LEAST_FREE_BYTES // 2**20
    return f"only {free // 2**20} MB are free on its disk, and {least} MB are needed"


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
    except (FileNotFoundError, NotADirectoryError, PermissionError):
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
