"""Gives the tests a real PostgreSQL and a real Redis before anything reads the settings.

pytest loads it early (`-p tests.plugin`). `DATABASE_URL` and `REDIS_URL`, when set, win, each
on its own. The servers and their folder are gone afterwards, also when pytest is killed.

With several workers (`-n`) each has servers of its own, on ports and in a folder of its own; the
process that hands out the tests has none.
"""

import argparse
import gc
import os
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from evently.dev.throwaway import ThrowAway

HEADER = pytest.StashKey[str]()
SERVERS = {"DATABASE_URL": "PostgreSQL", "REDIS_URL": "Redis"}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Start before pytest-django, whose turn in this very hook reads the settings."""
    known = early_config.known_args_namespace
    if _hands_out_tests(known):
        if os.environ.get("REDIS_URL"):
            raise pytest.UsageError("REDIS_URL names one Redis; each worker needs its own: use -n0")
        os.environ.setdefault("SECRET_KEY", "the process that hands out the tests signs nothing")
    elif not (known.help or known.version):
        start_servers(early_config)
    return (yield)


def _hands_out_tests(known: argparse.Namespace) -> bool:
    """Whether this process only gives tests to workers, which get its arguments, too."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    return getattr(known, "numprocesses", None) not in {None, 0} and not is_worker


def start_servers(config: pytest.Config) -> None:
    with ExitStack() as stack:
        servers = stack.enter_context(ThrowAway(os.environ))
        config.add_cleanup(stack.pop_all().close)
    sources = {name: "throw-away" if name in servers.environment else name for name in SERVERS}
    config.stash[HEADER] = "servers: " + ", ".join(
        f"{server} ({sources[name]})" for name, server in SERVERS.items()
    )
    os.environ.update({"RATE_LIMITS": "off", **os.environ, **servers.environment})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no worker is left alone with one at the end.

    Thousands of tests and the whole of Django stay until the end: the garbage collector need not
    look at them again and again.
    """
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What was printed or logged may hold half a character, which a worker cannot send."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


def pytest_report_header(config: pytest.Config) -> str:
    return config.stash.get(HEADER, "servers: none")
