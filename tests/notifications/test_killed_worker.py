"""Workers that are killed in the middle of their work: every mail arrives, and none twice.

Worker and scheduler are those of `make run`, and the mail server too but for its haste, each in a
process of its own; the database is one whose commits outlive a crash.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from evently.dev.mail import MailServer
from evently.dev.plan import evently_plan
from evently.dev.process import Child
from tests.live_server import CHECKOUT, LiveEvently, eventually
from tests.notifications.mailroom import arrivals
from tests.thorough import so_many

pytestmark = pytest.mark.long
NOTICES, KILLS = so_many(500, 2_000), so_many(8, 50)
FEW_NOTICES, FEW_KILLS = so_many(300, 800), so_many(4, 12)
WORKERS = 3
LONGEST_WAIT_SECONDS = 0.5
MAKE_NOTICES = """
from tests.makers import make_users
from tests.notifications.people import welcome
welcome(make_users({number}))
"""


class SlowMailServer(MailServer):
    def _prepare(self) -> list[str]:
        python, _, *arguments = super()._prepare()
        return [python, str(Path(__file__).with_name("slow_mail_program.py")), *arguments]


class Worker:
    """One `celery worker`, which says in a log of its own when it is at work."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        self.was_killed = False
        with log.open("wb") as file:
            self._child = Child(argv, env=environment, output=file.fileno(), cwd=CHECKOUT)

    def is_at_work(self) -> bool:
        return b"notifications.deliver starts" in self._log.read_bytes()

    def kill_main_process(self) -> None:
        """As the kernel does when memory is short: its children are left behind."""
        self.was_killed = True
        os.kill(self._child.pid, signal.SIGKILL)
        eventually(lambda: not self._child.is_running, "it is dead")

    def dismiss(self) -> None:
        """Let it end what it has in hand."""
        self._child.stop(grace=30)

    def kill_all(self) -> None:
        """As a machine that goes down: nobody finishes anything."""
        self._child.kill()

    def is_gone(self) -> bool:
        """Also the children."""
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, 0)
            return False
        return True


class Office:
    """The mail server, the scheduler, and the workers that are killed and started again."""

    def __init__(self, live: LiveEvently, mail: MailServer, folder: Path) -> None:
        self._live = live
        self._mail = mail
        self._folder = folder
        plan = evently_plan(home=folder, port=live.port, admin_password="")
        self._parts = {part.name: part for part in plan.parts}
        self.workers: list[Worker] = []
        with (folder / "beat.log").open("wb") as log:
            self._scheduler = Child(
                self._parts["beat"].argv, env=self._environment, output=log.fileno(), cwd=CHECKOUT
            )

    @property
    def _environment(self) -> dict[str, str]:
        return self._live.environment | self._mail.environment

    def write_notices(self, number: int) -> None:
        self._live.manage("shell", "-v0", "-c", MAKE_NOTICES.format(number=number))

    def start_worker(self) -> Worker:
        log = self._folder / f"mailer-{len(self.workers)}.log"
        worker = Worker(self._parts["mailer"].argv, self._environment, log)
        self.workers.append(worker)
        return worker

    def kill_again_and_again(self, kill: Callable[[Worker], None], times: int) -> None:
        """Of a few workers one that is at work, at any moment of it; another is started at once."""
        living = [self.start_worker() for _ in range(WORKERS)]
        for _ in range(times):
            eventually(lambda: any(worker.is_at_work() for worker in living), "one is at work")
            time.sleep(random.uniform(0, LONGEST_WAIT_SECONDS))
            victim = random.choice([worker for worker in living if worker.is_at_work()])
            assert self.is_mail_left()
            kill(victim)
            living.remove(victim)
            living.append(self.start_worker())

    def dismiss(self) -> None:
        """Let those who work still end what they have in hand."""
        for worker in self.workers:
            worker.dismiss()

    def is_mail_left(self) -> bool:
        unplanned = "SELECT count(*) FROM notifications_notice WHERE planned_at IS NULL"
        return bool(
            self._live.query(unplanned) or self.deliveries("due") or self.deliveries("sending")
        )

    def deliveries(self, status: str) -> int:
        return self._live.query(
            "SELECT count(*) FROM notifications_delivery WHERE status = %s", status
        )

    def message_ids(self, *statuses: str) -> set[str]:
        with psycopg.connect(self._live.postgres.url) as connection:
            found = connection.execute(
                "SELECT id FROM notifications_delivery WHERE status = ANY(%s)", [list(statuses)]
            )
            return {f"<{row[0].hex}@evently.example>" for row in found}

    def arrivals(self) -> Counter[str]:
        return arrivals(self._mail.folder)

    def close(self) -> None:
        self._scheduler.kill()
        for worker in self.workers:
            worker.kill_all()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with LiveEvently(tmp_path) as live:
        live.kill_web()
        mail = SlowMailServer(tmp_path / "mail")
        mail.start()
        office = Office(live, mail, tmp_path)
        try:
            yield office
        finally:
            office.close()
            mail.stop()


@pytest.mark.timeout(420)
def test_workers_killed_again_and_again_bring_each_mail_once(office: Office) -> None:
    office.write_notices(NOTICES)
    office.kill_again_and_again(Worker.kill_main_process, KILLS)
    while office.is_mail_left():
        time.sleep(0.2)
    assert office.deliveries("sent") == NOTICES
    arrived = office.arrivals()
    assert len(arrived) == NOTICES
    assert set(arrived.values()) == {1}
    left_behind = [worker for worker in office.workers if worker.was_killed]
    eventually(lambda: all(worker.is_gone() for worker in left_behind), "they have gone")


@pytest.mark.timeout(300)
def test_workers_killed_with_their_children_send_nothing_twice_and_list_what_is_open(
    office: Office,
) -> None:
    """Whoever is killed between the commit and the last line has sent nothing, and says so."""
    office.write_notices(FEW_NOTICES)
    office.kill_again_and_again(Worker.kill_all, FEW_KILLS)
    while office.deliveries("due"):  # what was claimed waits until its claim has run out
        time.sleep(0.2)
    office.dismiss()
    arrived = office.arrivals()
    assert set(arrived.values()) == {1}
    missing = office.message_ids("sent", "sending") - set(arrived)
    assert len(arrived) + len(missing) == FEW_NOTICES
    assert missing <= office.message_ids("sending")
