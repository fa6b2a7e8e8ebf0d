"""News between the apps: what happened, told after the commit to whoever asked to hear it.

A fact is a frozen dataclass in the `facts` module of the app that owns it. Apps above subscribe in
`apps.py`. Delivery happens after the commit, one subscriber's failure is logged and hurts neither
the change nor the other subscribers: whatever must not be lost is found again in rows by a sweep.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

from django.db import transaction

logger = logging.getLogger(__name__)
Fact = TypeVar("Fact")

_subscribers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def subscribe(fact_type: type[Fact], hear: Callable[[Fact], None]) -> None:
    """Let `hear` be called with every fact of this type; subscribing twice is the same as once."""
    if hear not in _subscribers[fact_type]:
        _subscribers[fact_type].append(hear)


def publish(fact: object) -> None:
    """Tell the fact's subscribers after the open transaction's commit; never if it rolls back.

    They hear it in the context of now, with the correlation id of whoever caused it: the commit may
    come on behalf of many.
    """
    context = copy_context()
    transaction.on_commit(lambda: context.run(_deliver, fact))


def _deliver(fact: object) -> None:
    for hear in tuple(_subscribers[type(fact)]):
        try:
            hear(fact)
        except Exception:
            logger.exception("A subscriber failed", extra={"fact": type(fact).__name__})
