"""Servers for the length of one test run or command, in a temporary folder."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from evently.dev.postgres import Postgres
from evently.dev.process import lifeline
from evently.dev.redis import Redis
from evently.dev.servers import Server


class ThrowAway:
    """Starts what `environ` does not name already, and leaves nothing behind.

    A context manager. Inside it `environment` holds what to add to the environment: the
    addresses, a secret key, and a home folder of its own so that nothing finds a `make run`.
    The data is not safe in a power cut, which makes it fast.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environment: dict[str, str] = {}
        self._environ = environ
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = self._temporary_folder(stack)
            self.environment["EVENTLY_HOME"] = str(folder)
            if not self._environ.get("SECRET_KEY"):
                self.environment["SECRET_KEY"] = secrets.token_urlsafe(32)
            self._serve("DATABASE_URL", Postgres(folder / "postgres", durable=False), stack)
            self._serve("REDIS_URL", Redis(folder / "redis", durable=False), stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _serve(self, variable: str, server: Server, stack: ExitStack) -> None:
        if not self._environ.get(variable):
            stack.callback(server.stop)
            server.start()
            self.environment[variable] = server.url

    def _temporary_folder(self, stack: ExitStack) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="evently-"))
        folder.chmod(0o711)  # PostgreSQL may run as another user, below it
        lifeline.tell(f"keep {os.fspath(folder)}")
        stack.callback(lifeline.tell, f"forget {os.fspath(folder)}")
        stack.callback(shutil.rmtree, folder)
        return folder
