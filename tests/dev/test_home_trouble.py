"""`make run` in a home that cannot be used: a sentence that says what to do, and exit code 1."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evently.dev.redis import free_port
from tests.dev.helpers import CHECKOUT, Run, environment, eventually


def run_in(home: Path) -> tuple[int, str]:
    """The exit code of `make run`, and what it prints."""
    ended = subprocess.run(
        [sys.executable, "-m", "evently.dev", "run"],
        env=environment(EVENTLY_HOME=str(home), PORT=str(free_port())),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A disk of its own in memory; only root can have one, and not in every container."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def assert_refused(home: Path, reason: str) -> None:
    code, said = run_in(home)
    assert code == 1, said
    assert said.startswith(f"Evently cannot keep its data in {home}: "), said
    assert reason in said
    assert "EVENTLY_HOME=/some/folder make run" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("below", ["", "deeper", "deeper/still"])
def test_a_home_that_is_a_file_or_lies_in_one(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("of somebody")
    assert_refused(tmp_path / "file" / below, "file, where a folder is needed")
    assert (tmp_path / "file").read_text() == "of somebody"


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "ro,size=200m") as disk:
        assert_refused(disk / "home", "it cannot be written")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert_refused(tmp_path / "home", "it may not be written")


def test_a_home_on_a_small_disk(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=1m") as disk:
        assert_refused(disk / "home", "are free on its disk")


def test_a_home_on_a_full_disk(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=1m") as disk:
        fill(disk)
        assert_refused(disk / "home", "disk")


def fill(disk: Path) -> None:
    """Leave no byte."""
    filler = os.open(disk / "filler", os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError, match="No space left"):
        write_on(filler)
    os.close(filler)


def write_on(file: int) -> None:
    while os.write(file, bytes(4096)):
        pass


def test_a_disk_that_fills_while_all_runs_is_told_once(
    tmp_path: Path, with_cluster: Callable[[Path], Path]
) -> None:
    with mounted(tmp_path / "home", "size=300m") as home:
        with_cluster(home / "postgres")
        run = Run(home)
        try:
            run.wait_until_ready()
            fill(home)
            run.wait_for(r"MB are free on its disk.* Free some space")
            eventually(lambda: run.process.poll() is None, "it runs on")
        finally:
            run.end()
        assert "Traceback" not in run.output
        assert run.output.count("Free some space") == 1
