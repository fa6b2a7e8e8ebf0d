"""A cluster made once, since making one takes longer than most of these tests."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evently.dev.postgres import Postgres


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped cluster as a first start leaves it; for copying only."""
    server = Postgres(tmp_path_factory.mktemp("cluster") / "postgres", durable=False)
    server.start()
    server.stop()
    return server.data


@pytest.fixture
def with_cluster(cluster: Path) -> Callable[[Path], Path]:
    """Lays a copy of the cluster into a server's folder; returns the folder."""

    def copy(folder: Path) -> Path:
        shutil.copytree(cluster, folder / "data")
        folder.chmod(0o700)
        return folder

    return copy
