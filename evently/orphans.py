"""Children of a worker whose main process was killed: they end their task, and then themselves.

Celery has the kernel kill them in the middle of it. Whoever must not do a thing twice, such as
sending a mail, would have to guess then how far it came.
"""

import os
import signal
import sys
from typing import Any

from billiard.util import set_pdeathsig  # type: ignore[attr-defined]
from celery.signals import task_postrun, task_prerun, worker_process_init


@worker_process_init.connect
def watch_tasks(**_: Any) -> None:
    """In the children alone: other processes run tasks, too."""
    if sys.platform != "linux":
        return  # elsewhere nobody kills them
    parent = os.getppid()

    def outlive_the_parent(**_: Any) -> None:
        set_pdeathsig(0)

    def follow_the_parent(**_: Any) -> None:
        set_pdeathsig(signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel was told
            os._exit(0)

    task_prerun.connect(outlive_the_parent, weak=False, dispatch_uid="outlive the parent")
    task_postrun.connect(follow_the_parent, weak=False, dispatch_uid="follow the parent")
