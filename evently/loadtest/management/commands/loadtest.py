"""`manage.py loadtest`: load on a running server, by made-up people."""

from argparse import ArgumentTypeError
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from bookings.proof.plan import Buyer
from bookings.proof.scratch import scratch_rows
from evently.loadtest.running import PROFILES, LocustFailed, Options, Summary, run_locust

PATIENCE_SECONDS = 10


class Command(BaseCommand):
    help = (
        "Let made-up people load a running server with requests, and tell how it did. The server"
        " must have this database and SECRET_KEY: people and an event are made in it, and removed"
        " afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", required=True, help="such as http://127.0.0.1:8000")
        parser.add_argument(
            "--profile",
            choices=PROFILES,
            default="mixed",
            help="rush: all book one event; browse: lists and events; mixed: both (default)",
        )
        parser.add_argument("--users", type=_positive, default=50, help="people at a time (50)")
        parser.add_argument("--seconds", type=_positive, default=30, help="how long (30)")
        parser.add_argument(
            "--report", type=Path, default=Path("loadtest.html"), help="where the HTML report goes"
        )
        parser.add_argument(
            "--i-own-this-host",
            default="",
            metavar="HOST",
            help="needed for a host that is not this machine: its name once more",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        asked = Options(**{name: options[name] for name in Options.__slots__})
        _refuse_what_cannot_be_done(asked, owned=options["i_own_this_host"])
        now = timezone.now()
        with scratch_rows(buyers=asked.users, seats=asked.users, now=now, keep=False) as scratch:
            _refuse_another_evently(asked.url, scratch.buyers[0])
            try:
                summary = run_locust(asked, event=scratch.event, buyers=scratch.buyers)
            except LocustFailed as failure:
                raise CommandError(f"Locust failed:\n{failure}") from failure
        self.stdout.write("\n".join(_describe(summary)))
        self.stdout.write(f"report      {asked.report}")
        if summary.failures or not summary.requests:
            raise SystemExit(1)


def _positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise ArgumentTypeError(f"{text!r} is not a whole number of 1 or more.")
    return int(text)


def _refuse_what_cannot_be_done(options: Options, *, owned: str) -> None:
    host = _host_of(options.url)
    if not _is_this_machine(host) and owned != host:
        raise CommandError(
            f"{host} is not this machine. Load on somebody else's server is an attack: if it is"
            f" yours, add --i-own-this-host {host}."
        )
    if not options.report.absolute().parent.is_dir():
        raise CommandError(f"--report: there is no folder {options.report.parent}.")
    if find_spec("locust") is None:
        raise CommandError("Locust is not installed: pip install -r requirements-dev.txt")


def _host_of(url: str) -> str:
    try:
        address = urlsplit(url)
        known = address.scheme in {"http", "https"} and address.port != 0
    except ValueError:
        known = False
    if not known or not address.hostname:
        raise CommandError("--url must be an address such as http://127.0.0.1:8000.")
    return address.hostname


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_another_evently(url: str, buyer: Buyer) -> None:
    """Refuse a server that does not know the people who were just made."""
    address = urlsplit(url)
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = kind(address.netloc, timeout=PATIENCE_SECONDS)
    path = f"{address.path.rstrip('/')}/api/v1/auth/profile"
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {buyer.token}"})
        status = connection.getresponse().status
    except (HTTPException, OSError) as error:
        raise CommandError(f"{url} does not answer: {error}") from error
    finally:
        connection.close()
    if status != 200:
        raise CommandError(
            f"{url} does not know the people that were made here (status {status}): it must have"
            " the same DATABASE_URL and SECRET_KEY as this command."
        )


def _describe(summary: Summary) -> list[str]:
    rate = summary.requests / summary.seconds if summary.seconds > 0 else 0
    p50, p95, p99 = summary.p_ms
    limits = " (RATE_LIMITS=off on the server takes the limits away)" if summary.limited else ""
    return [
        f"requests    {summary.requests} in {summary.seconds:.1f} s ({rate:.0f}/s)",
        f"latency     p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms",
        f"confirmed   {summary.booked} bookings, each given back",
        f"limited     {summary.limited}{limits}",
        f"failed      {summary.failures}",
        *(f"  {number} × {error}" for error, number in summary.errors.items()),
    ]
