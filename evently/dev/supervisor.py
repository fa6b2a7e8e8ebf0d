"""Runs everything on one machine, in order, keeps it running, and stops it in reverse order."""

import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import Protocol

from evently.dev.console import Console
from evently.dev.home import Services, describe_shortage, held, kept_secret, note_services
from evently.dev.mail import MailServer
from evently.dev.plan import Part, Plan
from evently.dev.postgres import Postgres
from evently.dev.process import Child
from evently.dev.redis import Redis
from evently.dev.servers import Server, ServerFailed
from evently.restarts import Backoff, describe_exit, describe_pause

CHECKOUT = Path(__file__).resolve().parents[2]
MARK = "EVENTLY_SUPERVISED_IN"
WAYS_TO_SEND_MAIL = ("EMAIL_HOST", "SENDGRID_API_KEY")
TICK_SECONDS = 0.1
BACKLOG = 8_192  # clients that wait while the web server starts
SLOW_START_SECONDS = 60.0
LEFTOVERS_SECONDS = 5.0
DISK_SECONDS = 5.0


class PortTaken(Exception):
    """Another program listens on the port; the message says what to do."""


class StepFailed(Exception):
    """One of the steps before the start did not succeed."""


class Runnable(Protocol):
    """A server or a program."""

    @property
    def name(self) -> str: ...
    @property
    def is_running(self) -> bool: ...
    @property
    def exit_code(self) -> int | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class Program:
    """A part of the plan as something that runs.

    Args:
        listener: the site's socket, for the part that listens.
    """

    def __init__(
        self, part: Part, *, env: Mapping[str, str], output: int, listener: socket.socket
    ) -> None:
        self.name = part.name
        self._files = [listener.fileno()] if part.listens else []
        self._part = part
        self._env = {**env, **part.env}
        self._output = output
        self._child: Child | None = None

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.is_running

    @property
    def exit_code(self) -> int | None:
        return self._child.exit_code if self._child else None

    def start(self) -> None:
        self._child = Child(
            [*self._part.argv, *map(str, self._files)],
            env=self._env,
            output=self._output,
            cwd=CHECKOUT,
            files=self._files,
        )

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop(grace=self._part.grace)

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()


class Keeper:
    """Starts one runnable again when it crashed, each time after a longer pause.

    Args:
        pause: the first one, in seconds.
    """

    def __init__(self, runnable: Runnable, console: Console, *, pause: float) -> None:
        self.runnable = runnable
        self._console = console
        self._backoff = Backoff(first=pause)
        self._started_at = 0.0
        self._due_at: float | None = None

    def start(self) -> None:
        self._started_at = time.monotonic()
        self._due_at = None
        self.runnable.start()

    def tend(self, now: float) -> None:
        """Look after it; `now` in seconds of the monotonic clock."""
        if self._due_at is not None:
            if now >= self._due_at:
                self._try_again()
        elif not self.runnable.is_running:
            self._note_crash(now, describe_exit(self.runnable.exit_code))

    def _try_again(self) -> None:
        self.runnable.kill()  # what it started had the pause to finish what it had in hand
        try:
            self.start()
        except ServerFailed as failure:
            self._note_crash(time.monotonic(), str(failure))

    def _note_crash(self, now: float, how: str) -> None:
        pause = self._backoff.pause_after(now - self._started_at)
        self._due_at = now + pause
        name, when = self.runnable.name, describe_pause(pause)
        self._console.say(f"{name} ended unexpectedly ({how}); starting it again {when}")


class Supervisor:
    """One run of a plan in one home folder.

    Args:
        environ: what the caller's environment says; it wins over everything found out here.
    """

    def __init__(
        self, plan: Plan, *, home: Path, port: int, environ: Mapping[str, str], console: Console
    ) -> None:
        self._plan = plan
        self._home = home
        self._port = port
        self._env = dict(environ)
        self._console = console
        self._keepers: list[Keeper] = []
        self._stopping = False
        self._is_disk_full = False

    def run(self) -> int:
        """Run until a signal says stop; returns the exit code.

        Raises:
            HomeInUse: a supervisor runs in this home already.
            PortTaken: another program listens on the port.
        """
        with ExitStack() as stack:
            stack.enter_context(held(self._home, port=self._port))
            end_leftovers(self._home)
            self._listener = stack.enter_context(listen(self._port))
            stack.enter_context(self._signals())
            stack.callback(self._stop_everything)
            try:
                self._start_everything()
                self._watch()
            except (ServerFailed, StepFailed) as failure:
                self._console.say(str(failure))
                self._tell_of_full_disk()
                return 1
        return 0

    def _start_everything(self) -> None:
        self._start_servers()
        self._fill_environment()
        for step in self._plan.steps:
            self._perform(step)
        for part in self._plan.parts:
            output = self._console.channel(part.name)
            program = Program(part, env=self._env, output=output, listener=self._listener)
            # Clients wait for the web server; others had the pause to end what they had in hand.
            self._keep(program, pause=0 if part.listens else 1)

    def _start_servers(self) -> None:
        servers: tuple[tuple[str, type[Server]], ...]
        servers = (("DATABASE_URL", Postgres), ("REDIS_URL", Redis))
        for variable, kind in servers:
            if self._env.get(variable):
                self._console.say(f"{kind.name}: using the {variable} that is set")
                continue
            log = self._console.log_of(kind.name)
            self._console.say(f"{kind.name} …")
            output = self._console.channel(kind.name, shown=False)
            server = kind(self._home / kind.name, log=log, output=output)
            self._keep(server)
            self._env[variable] = server.url
        if not any(self._env.get(variable) for variable in WAYS_TO_SEND_MAIL):
            self._start_mail_server()

    def _start_mail_server(self) -> None:
        self._console.say("mail …")
        log = self._console.log_of(MailServer.name)
        output = self._console.channel(MailServer.name, shown=False)
        server = MailServer(self._home / MailServer.name, log=log, output=output)
        self._keep(server)
        self._env |= server.environment

    def _fill_environment(self) -> None:
        secret_key = self._env.get("SECRET_KEY") or kept_secret(self._home / "secret-key")
        defaults = {
            "SECRET_KEY": secret_key,
            "EVENTLY_HOME": str(self._home),
            "PORT": str(self._port),
            "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
            "SITE_URL": f"http://127.0.0.1:{self._port}",
            "INSECURE_COOKIES": "yes",  # plain http
            "PYTHONUNBUFFERED": "1",
        }
        self._env = {**defaults, **{name: value for name, value in self._env.items() if value}}
        self._env[MARK] = str(self._home)
        services = Services(
            database_url=self._env["DATABASE_URL"],
            redis_url=self._env["REDIS_URL"],
            pid=os.getpid(),
            port=self._port,
        )
        note_services(self._home, services)

    def _perform(self, step: Part) -> None:
        if self._stopping:
            return
        self._console.say(f"{step.name} …")
        output = self._console.channel(step.name)
        program = Program(step, env=self._env, output=output, listener=self._listener)
        program.start()
        while program.is_running and not self._stopping:
            time.sleep(0.02)
        if self._stopping:
            program.stop()
            return
        program.kill()  # also what it may have started beside itself
        if program.exit_code != 0:
            how = describe_exit(program.exit_code)
            log = self._console.log_of(step.name)
            raise StepFailed(f"{step.name} failed ({how}), so nothing was started. Its log: {log}")

    def _keep(self, runnable: Runnable, *, pause: float = 1) -> None:
        if not self._stopping:
            keeper = Keeper(runnable, self._console, pause=pause)
            self._keepers.append(keeper)
            keeper.start()

    def _watch(self) -> None:
        began = time.monotonic()
        greeted = warned = False
        next_look_at_disk = began
        while not self._stopping:
            now = time.monotonic()
            for keeper in self._keepers:
                keeper.tend(now)
            if not greeted and is_ready(self._port):
                self._console.show(self._plan.welcome)
                greeted = True
            elif not greeted and not warned and now - began > SLOW_START_SECONDS:
                self._console.say("the site is not ready yet; its lines above may say why")
                warned = True
            if now >= next_look_at_disk:
                next_look_at_disk = now + DISK_SECONDS
                self._tell_of_full_disk()
            time.sleep(TICK_SECONDS)

    def _tell_of_full_disk(self) -> None:
        """Once each time that it fills."""
        shortage = describe_shortage(self._home)
        if shortage and not self._is_disk_full:
            self._console.say(
                f"{self._home}: {shortage}. Free some space: until then PostgreSQL and Redis may"
                " end, and nothing can be booked"
            )
        self._is_disk_full = bool(shortage)

    def _stop_everything(self) -> None:
        self._stopping = True
        self._listener.close()
        if self._keepers:
            self._console.say("stopping …")
        for keeper in reversed(self._keepers):
            keeper.runnable.stop()
        self._console.close()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and its kin stop the run; a second one does so without patience."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._stopping:
            for keeper in self._keepers:
                keeper.runnable.kill()
        self._stopping = True


def is_ready(port: int) -> bool:
    """Whether the site says that it can serve."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def listen(port: int) -> socket.socket:
    """The socket of the site. We keep it while web servers come and go: clients wait in its queue
    instead of being refused.

    Raises:
        PortTaken: somebody else listens there; the message has a free port.
    """
    try:
        return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    except OSError:
        other = next((p for p in range(port + 1, 65_536) if _can_listen(p)), 8000)
        raise PortTaken(
            f"Port {port} is taken or not allowed. Choose another: PORT={other} make run"
        ) from None


def end_leftovers(home: Path) -> None:
    """Kill what a supervisor of this home left running when it and its reaper were killed.

    Only where /proc exists; elsewhere the reaper alone has to suffice.
    """
    deadline = time.monotonic() + LEFTOVERS_SECONDS
    while (pids := _supervised_in(home)) and time.monotonic() < deadline:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _supervised_in(home: Path) -> list[int]:
    mark = f"{MARK}={home}".encode()
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        # Not ours to read, or gone meanwhile: not ours to end.
        with suppress(FileNotFoundError, PermissionError, ProcessLookupError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                pids.append(int(folder.name))
    return pids


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
