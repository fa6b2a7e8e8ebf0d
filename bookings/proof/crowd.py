"""Starting processes together, and gathering what they saw."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier

from bookings.proof.plan import Share, Sight

# A process needs about a second until it has read the project; a busy machine takes longer.
START_PATIENCE_SECONDS = 120

_start: Barrier


def let_in(shares: list[Share]) -> Sight:
    """Run each share in a new process of its own, all begun at once.

    Raises:
        BrokenProcessPool: a process died.
        BrokenBarrierError: one of them was not ready in time.
    """
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(len(shares))
    seen = Sight()
    with ProcessPoolExecutor(
        len(shares), mp_context=spawn, initializer=_set_up, initargs=(start,)
    ) as pool:
        # Each process waits at the barrier with one share, so none of them takes a second one.
        for sight in pool.map(_run, shares):
            seen.add(sight)
    return seen


def _set_up(start: Barrier) -> None:
    import django

    global _start
    _start = start
    django.setup()


def _run(share: Share) -> Sight:
    from bookings.proof.rush import rush

    return rush(share, start=lambda: _start.wait(START_PATIENCE_SECONDS))
