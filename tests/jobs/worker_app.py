"""Evently's jobs with one more, which takes as long as a test likes: `celery -A`."""

import time
from pathlib import Path

from evently.celery import app

__all__ = ["app"]


@app.task(name="tests.leave_marks")
def leave_marks(*, folder: str, name: str, seconds: float) -> None:
    """Makes a file when it begins, and one when it is done."""
    Path(folder, f"{name} began").touch()
    time.sleep(seconds)
    Path(folder, f"{name} is done").touch()
