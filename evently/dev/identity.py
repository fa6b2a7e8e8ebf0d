"""Who runs PostgreSQL when we are root, which it refuses."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from evently.dev.process import OURSELVES, Identity

# In a user namespace of its own a program keeps our rights on files and looks like `nobody`.
NAMESPACE = Identity(prefix=("unshare", "--user", "--map-user=65534", "--map-group=65534", "--"))


def unprivileged() -> Identity:
    """An identity that PostgreSQL accepts: ourselves, a user namespace, or else `nobody`."""
    if os.geteuid() != 0:
        return OURSELVES
    return NAMESPACE if _namespaces_work() else nobody()


def nobody() -> Identity:
    """The user `nobody`; only root may start programs as that one."""
    account = pwd.getpwnam("nobody")
    return Identity(uid=account.pw_uid, gid=account.pw_gid)


def everyone_reaches(path: Path) -> bool:
    """Whether any user may pass through `path` and every folder above it."""
    return all(step.stat().st_mode & 0o001 for step in [path, *path.parents])


def _namespaces_work() -> bool:
    if not shutil.which("unshare"):
        return False
    trial = subprocess.run([*NAMESPACE.prefix, "true"], capture_output=True, check=False)
    return trial.returncode == 0
