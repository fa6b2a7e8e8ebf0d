"""News between the apps: what happened, told to whoever asked to hear it.

A fact is a frozen dataclass in the `facts` module of the app that owns it. Apps above ask for it in
`apps.py`, in one of two ways:

- A *scribe* writes rows in the transaction of the change itself: both are kept, or neither. Its
  failure fails the change.
- A *subscriber* is told after the commit. Its failure is logged and hurts neither the change nor
  the other subscribers: whatever must not be lost is found again in rows by a sweep.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, TypeVar

from django.db import transaction

logger = logging.getLogger(__name__)
Fact = TypeVar("Fact")

_subscribers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)
_scribes: dict[type, list[Callable[[Sequence[Any]], None]]] = defaultdict(list)


def subscribe(fact_type: type[Fact], hear: Callable[[Fact], None]) -> None:
    """Let `hear` be called with every fact of this type; subscribing twice is the same as once."""
    if hear not in _subscribers[fact_type]:
        _subscribers[fact_type].append(hear)


def write_down(fact_type: type[Fact], write: Callable[[Sequence[Fact]], None]) -> None:
    """Let `write` note the facts of this type in the transaction in which they are published.

    It is called once, at the transaction's end, with all of them: a batch of bookings costs it one
    statement. It publishes nothing itself.
    """
    if write not in _scribes[fact_type]:
        _scribes[fact_type].append(write)


@contextmanager
def written_down() -> Iterator[None]:
    """What is published in the block is written down at its end; part of every unit of work."""
    _notes.facts = []
    try:
        yield
        _write(_notes.facts)
    finally:
        _notes.facts = None


def publish(fact: object) -> None:
    """Have the fact written down, and its subscribers told after the commit; never if the open
    transaction rolls back.

    They hear it in the context of now, with the correlation id of whoever caused it: the commit may
    come on behalf of many.
    """
    if _notes.facts is None:
        _write([fact])
    else:
        _notes.facts.append(fact)
    context = copy_context()
    transaction.on_commit(lambda: context.run(_deliver, fact))


class _Notes(threading.local):
    """What the unit of work of this thread has published; None outside of one."""

    facts: list[object] | None = None


_notes = _Notes()


def _write(facts: list[object]) -> None:
    by_type: dict[type, list[object]] = defaultdict(list)
    for fact in facts:
        by_type[type(fact)].append(fact)
    for fact_type, alike in by_type.items():
        for write in _scribes.get(fact_type, ()):
            write(alike)


def _deliver(fact: object) -> None:
    for hear in tuple(_subscribers[type(fact)]):
        try:
            hear(fact)
        except Exception:
            logger.exception("A subscriber failed", extra={"fact": type(fact).__name__})
