"""What all parts print, in one readable stream and in one log file each."""

import logging
import os
import sys
import threading
from contextlib import suppress
from itertools import cycle
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

LOG_BYTES = 5_000_000  # per file; one older file of that size is kept beside it
COLOURS = (36, 33, 32, 35, 34, 31)
NAME_WIDTH = 13
OURSELVES = "evently"


class LogFile(RotatingFileHandler):
    """One part's log. On a full disk its lines are on the terminal alone: the part must be able to
    print on, and the supervisor says once what is wrong.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


class Console:
    """Takes the output of many programs and puts each one's name before its lines.

    Args:
        logs: folder for `<name>.log`; made when missing.
        terminal: where the stream goes; colours only when that is a terminal.
    """

    def __init__(self, logs: Path, terminal: TextIO = sys.stdout) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._terminal = terminal
        self._coloured = terminal.isatty() and "NO_COLOR" not in os.environ
        self._colours = cycle(COLOURS)
        self._lock = threading.Lock()
        self._pumps: list[threading.Thread] = []
        self._pipes: list[int] = []

    def log_of(self, name: str) -> Path:
        """The log file of one part."""
        return self._logs / f"{name}.log"

    def channel(self, name: str, *, shown: bool = True) -> int:
        """A new pipe; what a program writes into this descriptor appears under `name`.

        Args:
            shown: False for what only the log file needs.
        """
        reading, writing = os.pipe()
        pump = threading.Thread(target=self._pump, args=(name, reading, shown), daemon=True)
        pump.start()
        self._pumps.append(pump)
        self._pipes.append(writing)
        return writing

    def say(self, text: str) -> None:
        """Our own words, a line or several."""
        for line in text.splitlines():
            self._print(f"{self._label(OURSELVES, 1)} {line}")

    def show(self, text: str) -> None:
        """A text as it is, without a name before it."""
        self._print(text)

    def close(self) -> None:
        """Wait for the last words of programs that ended."""
        for pipe in self._pipes:
            os.close(pipe)
        for pump in self._pumps:
            pump.join(timeout=2)  # a stray grandchild may hold its end open

    def _pump(self, name: str, reading: int, shown: bool) -> None:
        label = self._label(name, next(self._colours))
        log = LogFile(
            self.log_of(name), maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True
        )
        with open(reading, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                text = line.rstrip("\n")
                log.handle(logging.makeLogRecord({"msg": text}))
                if shown:
                    self._print(f"{label} {text}")
        log.close()

    def _label(self, name: str, colour: int) -> str:
        label = f"{name:>{NAME_WIDTH}} │"
        return f"\x1b[{colour}m{label}\x1b[0m" if self._coloured else label

    def _print(self, text: str) -> None:
        # A reader or terminal that went away must not stop the parts; the logs still get it all.
        with self._lock, suppress(OSError):
            print(text, file=self._terminal, flush=True)
